package load

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Call is one request and what its answer must be.
type Call struct {
	Request []byte
	Status  int
	Records int
	Holds   []byte // a text that the body must hold within its first bytes; nil: any
}

// Check returns an error for an answer that is not what it must be: it would be quick for the wrong reason.
func (c *Call) Check(a *Answer) error {
	switch {
	case a.Status != c.Status:
		return fmt.Errorf("%s: status %d, want %d: %.200s", c, a.Status, c.Status, a.Body)
	case a.Records != c.Records:
		return fmt.Errorf("%s: %d records, want %d", c, a.Records, c.Records)
	case c.Holds != nil && !bytes.Contains(a.Body, c.Holds):
		return fmt.Errorf("%s: %q is not in %.200s", c, c.Holds, a.Body)
	}
	return nil
}

// String is the request's first line.
func (c *Call) String() string {
	line, _, _ := bytes.Cut(c.Request, []byte(" HTTP/1.1\r\n"))
	return string(line)
}

// Turn is what came of a number of calls.
type Turn struct {
	Calls      int
	Elapsed    time.Duration
	Latencies  []time.Duration // ascending
	FirstBytes []time.Duration // ascending
	Bytes      int
}

// Rate is how many calls were answered in a second.
func (t *Turn) Rate() float64 { return float64(t.Calls) / t.Elapsed.Seconds() }

// Percentile returns the latency that p percent of the calls did not exceed.
func (t *Turn) Percentile(p int) time.Duration { return percentile(t.Latencies, p) }

func percentile(ascending []time.Duration, p int) time.Duration {
	if len(ascending) == 0 {
		return 0
	}
	return ascending[(len(ascending)-1)*p/100]
}

// Plan is work for a server: count calls over some connections, the given ones in turn.
type Plan struct {
	Addr        string
	Connections int
	Count       int
	Calls       func(i int) *Call // the i-th, from any goroutine
	Stop        <-chan struct{}   // ends the turn before Count; nil: never
}

// Run does the work. It fails on the first answer that is not what it must be.
func Run(p Plan) (*Turn, error) {
	conns := make([]*Conn, min(p.Connections, max(1, p.Count)))
	for i := range conns {
		var err error
		if conns[i], err = Dial(p.Addr); err != nil {
			return nil, err
		}
		defer conns[i].Close()
	}
	var next atomic.Int64
	var all sync.WaitGroup
	workers := make([]worker, len(conns))
	began := time.Now()
	for i, c := range conns {
		workers[i].latencies = make([]time.Duration, 0, min(p.Count/len(conns)+1, 1<<16))
		all.Go(func() { workers[i].err = workers[i].work(c, &p, &next) })
	}
	all.Wait()
	t := &Turn{Elapsed: time.Since(began)}
	for _, w := range workers {
		if w.err != nil {
			return nil, w.err
		}
		t.Latencies = append(t.Latencies, w.latencies...)
		t.FirstBytes = append(t.FirstBytes, w.firsts...)
		t.Bytes += w.bytes
	}
	slices.Sort(t.Latencies)
	slices.Sort(t.FirstBytes)
	t.Calls = len(t.Latencies)
	return t, nil
}

type worker struct {
	latencies, firsts []time.Duration
	bytes             int
	err               error
}

func (w *worker) work(c *Conn, p *Plan, next *atomic.Int64) error {
	for {
		i := int(next.Add(1)) - 1
		if i >= p.Count {
			return nil
		}
		select {
		case <-p.Stop:
			return nil
		default:
		}
		call := p.Calls(i)
		began := time.Now()
		a, err := c.Do(call.Request, nil)
		if err != nil {
			next.Store(int64(p.Count)) // the others need not go on
			return fmt.Errorf("%s: %w", call, err)
		}
		w.latencies = append(w.latencies, time.Since(began))
		w.firsts = append(w.firsts, a.FirstByte)
		w.bytes += a.Bytes
		if err := call.Check(&a); err != nil {
			next.Store(int64(p.Count))
			return err
		}
	}
}

// FirstByte is Percentile for the time until the first byte of a body.
func (t *Turn) FirstByte(p int) time.Duration { return percentile(t.FirstBytes, p) }

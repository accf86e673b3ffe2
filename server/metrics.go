package server

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/kv/disk"
	"github.com/musterhq/muster/store/record"
)

// metrics are what the server counts. No label has a value that a client can choose: what no row answers shares one
// route, and methods that no row has share one name.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refused  *prometheus.CounterVec

	mu    sync.RWMutex
	known map[labels]counters // as the vectors would find them, which takes longer
}

// labels are what tells requests apart.
type labels struct {
	door, method, route string
	status              int
}

// counters count the requests of some labels.
type counters struct {
	requests prometheus.Counter
	duration prometheus.Observer
}

func (m *metrics) of(l labels) counters {
	m.mu.RLock()
	c, known := m.known[l]
	m.mu.RUnlock()
	if known {
		return c
	}
	c = counters{m.requests.WithLabelValues(l.door, l.method, l.route, strconv.Itoa(l.status)), m.duration.WithLabelValues(l.door, l.method, l.route)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[l] = c
	return c
}

const (
	unrouted    = "unrouted"
	otherMethod = "other"
)

// newMetrics registers everything with a registry of its own, since the library's global one would take what any
// imported package adds to it.
func (s *Server) newMetrics() *metrics {
	m := &metrics{
		known:    map[labels]counters{},
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "muster_requests_total", Help: "Requests that were answered.",
		}, []string{"door", "method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "muster_request_duration_seconds", Help: "Time from a request's header to the end of its answer.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60},
		}, []string{"door", "method", "route"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "muster_sign_ins_refused_total", Help: "Requests that were answered 401.",
		}, []string{"door"}),
	}
	m.registry.MustRegister(
		m.requests, m.duration, m.refused, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "muster_requests_under_way", Help: "Requests that are being answered, without those that wait for their bodies."},
			func() float64 { return float64(s.places.Taken()) }),
		&importRows{s}, &queue{s}, &onDisk{s},
	)
	return m
}

// measure counts a request once it is answered.
func (s *Server) measure(c *gin.Context) {
	began := time.Now()
	defer func() { // an answer that was cut off counts too
		o := api.OutcomeOf(c)
		door, route := o.Door, o.Route
		if route == "" && door == "" {
			route = c.FullPath() // a page, or health
		}
		route = cmp.Or(route, unrouted)
		status := c.Writer.Status()
		k := s.metrics.of(labels{door, knownMethod(c.Request.Method), route, status})
		k.requests.Inc()
		k.duration.Observe(time.Since(began).Seconds())
		if status == http.StatusUnauthorized {
			s.metrics.refused.WithLabelValues(door).Inc()
		}
	}()
	c.Next()
}

func knownMethod(method string) string {
	switch method {
	case "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS":
		return method
	}
	return otherMethod
}

// importRows tells what became of the hosts that importers found since the server started.
type importRows struct{ *Server }

var importRowsDesc = prometheus.NewDesc("muster_import_rows_total", "Hosts that importers found, by what became of them.", []string{"outcome"}, nil)

func (i *importRows) Describe(to chan<- *prometheus.Desc) { to <- importRowsDesc }

func (i *importRows) Collect(to chan<- prometheus.Metric) {
	if i.Runner == nil {
		return
	}
	for outcome, n := range i.Runner.Counts() {
		to <- prometheus.MustNewConstMetric(importRowsDesc, prometheus.CounterValue, float64(n), outcome)
	}
}

// queue tells how much work there is, by its kind and state.
type queue struct{ *Server }

var queueDesc = prometheus.NewDesc("muster_queue_jobs", "Jobs of the queue: waiting, under way, or scheduled for later.", []string{"kind", "state"}, nil)

// collectTime bounds what a scrape may read from the store.
const collectTime = 2 * time.Second

func (q *queue) Describe(to chan<- *prometheus.Desc) { to <- queueDesc }

func (q *queue) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTime)
	defer cancel()
	depth, err := store.View(ctx, q.DB, store.System("metrics"), record.QueueDepth)
	if err != nil {
		q.Log.Warn("metrics: the queue cannot be read", "error", err)
		return
	}
	for d, n := range depth {
		to <- prometheus.MustNewConstMetric(queueDesc, prometheus.GaugeValue, float64(n), d.Kind, d.State)
	}
}

// onDisk tells how large the store is and how much room is left for it.
type onDisk struct{ *Server }

var (
	storeSizeDesc = prometheus.NewDesc("muster_store_bytes", "Bytes that the store's files take on disk.", nil, nil)
	diskFreeDesc  = prometheus.NewDesc("muster_disk_free_bytes", "Bytes that are free where the store is.", nil, nil)
)

func (d *onDisk) Describe(to chan<- *prometheus.Desc) { to <- storeSizeDesc; to <- diskFreeDesc }

func (d *onDisk) Collect(to chan<- prometheus.Metric) {
	if d.Dir == "" {
		return
	}
	if size, err := sizeOf(d.Dir); err == nil {
		to <- prometheus.MustNewConstMetric(storeSizeDesc, prometheus.GaugeValue, float64(size))
	}
	if free, err := disk.Free(d.Dir); err == nil {
		to <- prometheus.MustNewConstMetric(diskFreeDesc, prometheus.GaugeValue, float64(free))
	}
}

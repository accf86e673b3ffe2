// Package floor has the servers that muster is measured against: as little as a server can do over the same libraries and
// still give the same answers. Each runs as a process of its own.
package floor

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Base is the path below which both servers answer, which is muster's.
const Base = "/BeyondTrust/API/public/v3/"

// Ready is what a server says on its standard output, as a line of JSON, once it answers.
type Ready struct {
	Addr  string
	Token string        // of ginjwt: the only bearer token it takes
	Open  time.Duration // of rawbadger: how long Badger took to open
}

// Run is the command of a floor: "ginjwt", or "rawbadger" with its flags. It serves until ctx ends.
func Run(ctx context.Context, name string, args []string, out io.Writer) error {
	if name == "ginjwt" {
		handler, token, err := newGinJWT()
		if err != nil {
			return err
		}
		return serve(ctx, handler, Ready{Token: token}, out)
	}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	dir := flags.String("dir", "", "folder of the store")
	fill := flags.Int("fill", 0, "fill the store with a fleet of that many assets, and end")
	if err := flags.Parse(args); err != nil {
		return err
	}
	began := time.Now()
	r, err := openRaw(*dir, *fill > 0)
	if err != nil {
		return err
	}
	ready := Ready{Open: time.Since(began)}
	if *fill > 0 {
		err = r.fill(*fill)
	} else if err = r.prepare(); err == nil {
		err = serve(ctx, r.handler(), ready, out)
	}
	return errors.Join(err, r.close())
}

func serve(ctx context.Context, handler http.Handler, ready Ready, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ready.Addr = l.Addr().String()
	line, err := json.Marshal(ready)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
		return err
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return s.Close()
	}
}

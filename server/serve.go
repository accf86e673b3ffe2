package server

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"github.com/musterhq/muster/store/record"
)

// Listeners are the sockets to serve, each of which may be nil.
type Listeners struct {
	HTTP  net.Listener // loopback only
	HTTPS net.Listener
	TLS   *tls.Config
	Local net.Listener // the unix socket beside the store, for commands of whoever owns it
	Admin net.Listener // loopback only: metrics, health, profiles

	// Before is done while the background works and before anybody is answered, who waits meanwhile. nil: nothing.
	Before func(context.Context) error

	StrictTransport bool // browsers trust the certificate, and are told to come by HTTPS only
}

const stopTime = 8 * time.Second

// firstAnswers is how long the work in the background lets requests go first. It begins with searches for what an earlier run left undone,
// which would have every core just when whoever waited for the server is there.
const firstAnswers = 100 * time.Millisecond

// Serve serves until ctx ends, then answers what is under way, at most 8 seconds, and stops the background work.
// The error is that of the first listener that failed.
func (s *Server) Serve(ctx context.Context, l Listeners) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var background, listeners sync.WaitGroup
	for _, work := range s.background() {
		background.Go(func() {
			select {
			case <-ctx.Done(): // some of it has a last thing to do
			case <-time.After(firstAnswers):
			}
			work(record.Patient(ctx)) // on a full disk it waits, where a request is refused
		})
	}
	doors := s.doors(l)
	s.addresses.http, s.addresses.https = addressOf(l.HTTP), addressOf(l.HTTPS)
	if l.Before != nil {
		if err := l.Before(ctx); err != nil {
			cancel(err)
			doors = nil
		}
	}
	for _, d := range doors {
		listeners.Go(func() {
			if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
				cancel(err)
			}
		})
	}
	<-ctx.Done()
	s.stopping.Store(true)
	last, stop := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer stop()
	for _, d := range doors {
		listeners.Go(func() {
			if d.server.Shutdown(last) != nil {
				d.server.Close()
			}
		})
	}
	listeners.Wait()
	background.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// served is a listener with what answers there.
type served struct {
	listener net.Listener
	server   *http.Server
}

// doors are the listeners that there are. Connections are limited below TLS: net/http serves HTTP/2 only where it sees that a
// connection is one of TLS.
func (s *Server) doors(l Listeners) (doors []served) {
	add := func(l net.Listener, secure *tls.Config, h http.Handler) {
		if l == nil {
			return
		}
		l = netutil.LimitListener(l, s.Limits.Connections)
		if secure != nil {
			l = tls.NewListener(l, secure)
		}
		doors = append(doors, served{l, s.Limits.server(h, s.Log)})
	}
	secure := s.handler
	if l.StrictTransport {
		secure = byHTTPSOnly(secure)
	}
	add(l.HTTP, nil, s.handler)
	add(l.HTTPS, l.TLS, secure)
	add(l.Local, nil, s.local)
	add(l.Admin, nil, s.AdminHandler())
	return doors
}

func addressOf(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

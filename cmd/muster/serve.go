package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/lab"
	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// serving is what muster serve has beside the store.
type serving struct {
	*config
	http, https     string
	admin           string
	tlsCert, tlsKey string
	demo            bool
	load            string
	firstStartFile  string
}

func serveCommand() *cobra.Command {
	s := &serving{config: defaults()}
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve the APIs",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			log, flush, err := s.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, flush()) }()
			if err := s.check(); err != nil {
				return err
			}
			return s.run(cmd.Context(), cmd.OutOrStdout(), log)
		},
	}
	s.storeFlags(command)
	s.serverFlags(command)
	f := command.Flags()
	f.StringVar(&s.http, "http", "127.0.0.1:8080", "loopback address for plain HTTP; empty: none")
	f.StringVar(&s.https, "https", ":8443", "address for HTTPS; empty: none")
	f.StringVar(&s.admin, "admin", "", "loopback address for metrics, health and profiles, without a credential; empty: none")
	f.StringVar(&s.tlsCert, "tls-cert", "", "PEM file of the certificate (default: a self-signed one in DIR, made at the first start)")
	f.StringVar(&s.tlsKey, "tls-key", "", "PEM file of the certificate's key")
	f.BoolVar(&s.demo, "demo", false, "fill a new store with a demo lab")
	f.StringVar(&s.load, "load", "", "load a lab file before serving; what it says already holds is left alone")
	f.BoolVar(&s.acceptLoss, "accept-loss", false, "open a store that has lost acknowledged changes to damage, with what is left of it")
	f.StringVar(&s.firstStartFile, "first-start-file", "", "write what a new store is entered with to this file, as JSON, instead of printing it")
	return command
}

// check refuses what could not be served, or would be served to the wrong people.
func (s *serving) check() error {
	if err := s.config.check(); err != nil {
		return err
	}
	if (s.tlsCert == "") != (s.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key: both or none are expected")
	}
	if err := loopbackOnly("--http", s.http, "plain HTTP is served to this host only, so use --https"); err != nil {
		return err
	}
	return loopbackOnly("--admin", s.admin, "it asks for no credential, so it is served to this host only")
}

// loopbackOnly refuses an address that others could reach; an empty one is none.
func loopbackOnly(flag, address, why string) error {
	if address == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s: %s is not a loopback address; %s", flag, address, why)
	}
	return nil
}

func (s *serving) run(ctx context.Context, out io.Writer, log *slog.Logger) (err error) {
	declared, err := s.readLab()
	if err != nil {
		return err // before there is a store
	}
	i, err := s.open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.close()) }()
	l, fingerprint, err := s.listen()
	if err != nil {
		return err
	}
	demo, err := s.fill(ctx, i, declared)
	if i.fresh == nil {
		if err != nil {
			return err
		}
		log.Info("serving", "http", address(l.HTTP), "https", address(l.HTTPS), "admin", address(l.Admin), "dir", s.dir)
		return i.server.Serve(ctx, l)
	}
	facts, failed := s.facts(ctx, i, l, fingerprint)
	if failed != nil {
		return errors.Join(err, failed)
	}
	facts.DemoPassword = demo
	if err != nil {
		return errors.Join(err, s.tell(facts, out)) // the store is there, and nobody will say it again
	}
	return s.introduce(ctx, i, l, facts, out)
}

// fill brings in the demo lab, if the store is new, and then what a lab file declares. It returns the password of the demo
// lab's users.
func (s *serving) fill(ctx context.Context, i *instance, declared *lab.File) (password string, err error) {
	if s.demo && i.fresh != nil {
		if password, err = s.makeDemo(ctx, i.db); err != nil {
			return password, fmt.Errorf("the demo lab: %w", err)
		}
	}
	if declared == nil {
		return password, nil
	}
	return password, s.loadLab(ctx, i.db, declared)
}

// tell says how to enter a new store.
func (s *serving) tell(facts *entrance, out io.Writer) error {
	if s.firstStartFile != "" {
		return facts.write(s.firstStartFile)
	}
	return facts.print(out, s.demo)
}

// introduce serves a new store and, once it is all there, says how to enter it.
func (s *serving) introduce(ctx context.Context, i *instance, l server.Listeners, facts *entrance, out io.Writer) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	done := make(chan error, 1)
	go func() { done <- i.server.Serve(ctx, l) }()
	err := s.awaitImports(ctx, i.db)
	if err == nil {
		err = s.tell(facts, out)
	}
	if err != nil {
		stop(err)
	}
	return <-done
}

// awaitImports waits until no import is left to run, so that a demo lab is complete when it is announced.
func (s *serving) awaitImports(ctx context.Context, db *store.DB) error {
	for {
		busy, err := store.View(ctx, db, store.System("demo"), store.ImportsUnderWay)
		if err != nil || !busy {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// listen opens the sockets. The unix socket of a server that was killed is removed: the lock on the store, which is
// held by now, says that nobody listens on it.
func (s *serving) listen() (l server.Listeners, fingerprint string, err error) {
	if s.http != "" {
		if l.HTTP, err = net.Listen("tcp", s.http); err != nil {
			return l, "", err
		}
	}
	if s.https != "" {
		certificate, err := s.certificate()
		if err != nil {
			return l, "", err
		}
		l.TLS, fingerprint = certificate.TLS(), certificate.Fingerprint()
		l.StrictTransport = s.tlsCert != "" // browsers do not trust the one that muster makes
		if l.HTTPS, err = net.Listen("tcp", s.https); err != nil {
			return l, "", err
		}
	}
	if s.admin != "" {
		if l.Admin, err = net.Listen("tcp", s.admin); err != nil {
			return l, "", err
		}
	}
	l.Local, err = s.listenLocal()
	return l, fingerprint, err
}

func (c *config) listenLocal() (net.Listener, error) {
	if err := os.Remove(c.socket()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", c.socket())
	if err != nil {
		return nil, err
	}
	return l, os.Chmod(c.socket(), 0o600)
}

func (s *serving) certificate() (*server.Certificate, error) {
	if s.tlsCert != "" {
		return server.LoadCertificate(s.tlsCert, s.tlsKey)
	}
	cert, key := filepath.Join(s.dir, "tls.crt"), filepath.Join(s.dir, "tls.key")
	if err := server.MakeCertificate(cert, key); err != nil {
		return nil, err
	}
	return server.LoadCertificate(cert, key)
}

// facts gathers how a new store is entered, a first token included.
func (s *serving) facts(ctx context.Context, i *instance, l server.Listeners, fingerprint string) (*entrance, error) {
	token, err := store.Update(ctx, i.db, store.System("first start"), func(tx *store.Tx) (string, error) {
		in, err := store.OnHost(tx, i.fresh.User)
		if err != nil {
			return "", err
		}
		token, _, err := store.NewSession(tx, in, insight.Name, 24*time.Hour, 0)
		return token, err
	})
	e := &entrance{
		TLSFingerprint: fingerprint, User: i.fresh.User, Password: i.fresh.Password, APIKey: i.fresh.ApiKey,
		ClientID: i.fresh.ClientID, ClientSecret: i.fresh.ClientSecret, Token: token, scan: s.demoScan(),
	}
	if l.HTTP != nil {
		e.HTTP = "http://" + address(l.HTTP)
	}
	if l.HTTPS != nil {
		_, port, _ := net.SplitHostPort(address(l.HTTPS))
		e.HTTPS = "https://localhost:" + port
	}
	return e, err
}

func address(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

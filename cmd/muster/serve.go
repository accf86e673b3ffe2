package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
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
				return exitWith(exitUsage, err)
			}
			defer func() { err = errors.Join(err, flush()) }()
			if s.demo {
				s.neverLock(cmd.Flags())
			}
			if err := s.check(); err != nil {
				return exitWith(exitUsage, err)
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
	f.BoolVar(&s.demo, "demo", false, "fill a new store with a demo lab; failed sign-ins lock nobody, unless --lockout says so")
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
	l, err := s.listenPorts()
	if err != nil {
		return err
	}
	defer func() { _ = closePorts(l) }() // those that the server has not come to
	i, err := s.open(ctx, true, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, i.close()) }()
	fingerprint, err := s.secure(&l)
	if err != nil {
		return err
	}
	if l.Local, err = s.listenLocal(); err != nil {
		return err
	}
	demo, err := s.fill(ctx, i, declared)
	if err != nil {
		return err
	}
	l.Before = func(ctx context.Context) error {
		if i.fresh != nil {
			if err := s.finish(ctx, i, l, firstCredentials{TLSFingerprint: fingerprint, DemoPassword: demo}, out); err != nil {
				return err
			}
		} else if err := s.greet(l, out); err != nil {
			return err
		}
		log.Info("serving", "http", address(l.HTTP), "https", address(l.HTTPS), "admin", address(l.Admin), "dir", s.dir)
		return nil
	}
	return i.server.Serve(ctx, l)
}

// fill brings in the demo lab, if the store is new, and then what a lab file declares. It returns the password of the demo
// lab's users.
func (s *serving) fill(ctx context.Context, i *instance, declared *lab.File) (password string, err error) {
	if s.demo && i.fresh != nil {
		if password, err = s.makeDemo(ctx, i.db); err != nil {
			return password, fmt.Errorf("the demo lab: %w", err)
		}
		reached("demo")
	}
	if declared == nil {
		return password, nil
	}
	err = s.loadLab(ctx, i.db, declared)
	reached("lab file")
	return password, err
}

// finish ends a first start once the store is all there: it says how to enter it, and makes it count.
func (s *serving) finish(ctx context.Context, i *instance, l server.Listeners, e firstCredentials, out io.Writer) error {
	if err := s.awaitImports(ctx, i.db); err != nil {
		return err
	}
	reached("imports")
	if err := s.describe(ctx, i, l, &e); err != nil {
		return err
	}
	if err := s.tell(&e, out); err != nil {
		return err
	}
	reached("told")
	err := s.endFirstStart()
	reached("end")
	return err
}

// tell says how to enter a new store.
func (s *serving) tell(e *firstCredentials, out io.Writer) error {
	if s.firstStartFile != "" {
		return e.write(s.firstStartFile)
	}
	return e.print(out)
}

// greet says where a store is served that has been entered before, and what to do for somebody who has lost their credentials.
func (s *serving) greet(l server.Listeners, out io.Writer) error {
	if s.firstStartFile != "" {
		return nil // somebody else's program has started this one
	}
	e := &firstCredentials{HTTP: urlOf("http", address(l.HTTP)), HTTPS: urlOf("https", address(l.HTTPS)), credentials: s.commandLine("credentials")}
	return e.greet(out)
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

// describe completes how a new store is entered, a first token included.
func (s *serving) describe(ctx context.Context, i *instance, l server.Listeners, e *firstCredentials) (err error) {
	e.HTTP, e.HTTPS, e.credentials, e.scan = urlOf("http", address(l.HTTP)), urlOf("https", address(l.HTTPS)), s.commandLine("credentials"), s.demoScan()
	e.User, e.Password, e.APIKey, e.ClientID, e.ClientSecret = i.fresh.User, i.fresh.Password, i.fresh.ApiKey, i.fresh.ClientID, i.fresh.ClientSecret
	e.Token, err = store.Update(ctx, i.db, store.System("first start"), func(tx *store.Tx) (string, error) {
		in, err := store.OnHost(tx, i.fresh.User)
		if err != nil {
			return "", err
		}
		token, _, err := store.NewSession(tx, in, insight.Name, 24*time.Hour, 0)
		return token, err
	})
	return err
}

// urlOf is where a listener is found, empty for none. HTTPS names this host, since a certificate is for a name.
func urlOf(scheme, address string) string {
	if address == "" {
		return ""
	}
	if scheme == "https" {
		_, port, _ := net.SplitHostPort(address)
		address = "localhost:" + port
	}
	return scheme + "://" + address
}

package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/musterhq/muster/server"
)

// listenPorts takes the ports, before anything is made or opened: a server that cannot have them leaves no trace. Nobody is answered
// there yet.
func (s *serving) listenPorts() (l server.Listeners, err error) {
	for _, port := range []struct {
		flag, address string
		into          *net.Listener
	}{{"http", s.http, &l.HTTP}, {"https", s.https, &l.HTTPS}, {"admin", s.admin, &l.Admin}} {
		if port.address == "" {
			continue
		}
		listener, failed := net.Listen("tcp", port.address)
		if failed != nil {
			err = errors.Join(err, portError(port.flag, port.address, failed))
			continue
		}
		*port.into = listener
	}
	if err != nil {
		err = errors.Join(err, s.alreadyServed(), closePorts(l))
	}
	return l, err
}

// portError says which port cannot be had and how another one is chosen.
func portError(flag, address string, failed error) error {
	if !errors.Is(failed, syscall.EADDRINUSE) {
		return fmt.Errorf("--%s: %w", flag, failed)
	}
	host, port, _ := net.SplitHostPort(address)
	return exitWith(exitPort, fmt.Errorf("port %s is taken by another program: choose another one with --%s %s:PORT, or for make run with %s=%[3]s:PORT make run",
		port, flag, bracketed(host), environmentName(flag)))
}

// bracketed is a host as it is written before a port.
func bracketed(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return "[" + host + "]"
	}
	return host
}

// alreadyServed returns an error if a server runs on the store: that is why its ports are taken.
func (c *config) alreadyServed() error {
	conn, err := net.DialTimeout("unix", c.socket(), time.Second)
	if err != nil {
		return nil
	}
	conn.Close()
	return fmt.Errorf("a muster already serves %s; %s says where, and what to sign in with", c.dir, c.commandLine("credentials"))
}

// closePorts closes what is open.
func closePorts(l server.Listeners) (err error) {
	for _, listener := range []net.Listener{l.HTTP, l.HTTPS, l.Admin, l.Local} {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
	}
	return err
}

// listenLocal opens the unix socket. The one of a server that was killed is removed: the lock on the store, which is held by now,
// says that nobody listens on it.
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

// secure completes the HTTPS listener with a certificate and returns its fingerprint.
func (s *serving) secure(l *server.Listeners) (fingerprint string, err error) {
	if l.HTTPS == nil {
		return "", nil
	}
	certificate, err := s.certificate()
	if err != nil {
		return "", err
	}
	l.TLS = certificate.TLS()
	l.StrictTransport = s.tlsCert != "" // browsers do not trust the one that muster makes
	return certificate.Fingerprint(), nil
}

func (s *serving) certificate() (*server.Certificate, error) {
	if s.tlsCert != "" {
		return server.LoadCertificate(s.tlsCert, s.tlsKey)
	}
	cert, key := filepath.Join(s.dir, "tls.crt"), filepath.Join(s.dir, "tls.key")
	if err := server.MakeCertificate(cert, key); err != nil {
		return nil, err
	}
	reached("certificate")
	return server.LoadCertificate(cert, key)
}

func address(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}

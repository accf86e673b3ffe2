package directory

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// server is where a directory is asked.
type server struct {
	host   string
	port   int
	domain string // whose DNS says so; empty: nobody's
}

// Ports of LDAP, and how many servers of a domain are tried.
const (
	plainPort  = 389
	securePort = 636
	maxServers = 4
)

// servers returns where the directory may be asked, in the order in which it is tried.
func (c *Client) servers(ctx context.Context, config Config) ([]server, error) {
	port := config.Port
	if port == 0 {
		port = plainPort
		if config.UseSSL {
			port = securePort
		}
	}
	if config.Kind == LDAP {
		return []server{{host: config.Host, port: port}}, nil
	}
	if named, ok := c.Servers[foldHost(config.Host)]; ok {
		host, own, err := splitPort(named)
		if own != 0 {
			port = own
		}
		return []server{{host: host, port: port}}, err
	}
	if !c.Allow.name(config.Host, port) && len(c.Allow.networks) == 0 {
		return nil, forbidden(config.Host) // before its DNS is asked
	}
	ctx, cancel := context.WithTimeout(ctx, c.Dial)
	defer cancel()
	_, records, err := net.DefaultResolver.LookupSRV(ctx, "ldap", "tcp", "dc._msdcs."+foldHost(config.Host))
	if err != nil {
		return []server{{host: config.Host, port: port}}, nil // the domain's own address is one of its controllers'
	}
	var all []server
	for _, r := range records[:min(len(records), maxServers)] {
		all = append(all, server{host: foldHost(r.Target), port: port, domain: config.Host})
	}
	return all, nil
}

// connect makes a connection that only whom its certificate names can listen to, unless readable ones are allowed.
func (c *Client) connect(ctx context.Context, config Config) (*wire, error) {
	all, err := c.servers(ctx, config)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, s := range all {
		conn, err := c.connectTo(ctx, s, config.UseSSL)
		if err == nil {
			return newWire(conn, c.Members), nil
		}
		failed = err
		if !errors.Is(err, ErrUnreachable) {
			break
		}
	}
	return nil, failed
}

func (c *Client) connectTo(ctx context.Context, s server, useSSL bool) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Dial)
	defer cancel()
	conn, err := c.dial(ctx, s.host, s.port, s.domain)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	offered := true
	if !useSSL {
		offered, err = startTLS(conn)
	}
	switch {
	case err != nil:
	case offered:
		conn, err = c.secure(ctx, conn, s.host)
	case !c.Plain:
		err = fmt.Errorf("begin TLS with %s: it %w", s.host, ErrPlain)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// secure speaks TLS over a connection. It returns the plain one with an error.
func (c *Client) secure(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	secured := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: c.Roots, MinVersion: tls.VersionTLS12})
	err := secured.HandshakeContext(ctx)
	if failed, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return conn, fmt.Errorf("begin TLS: %s %w: %w", host, ErrCertificate, failed.Err)
	}
	if err != nil {
		return conn, fmt.Errorf("begin TLS with %s: %w: %w", host, ErrUnreachable, reason(err))
	}
	return secured, nil
}

// startTLS asks a server to go on with TLS, and reports whether it will. The answer is read byte for byte, so that nothing
// that was sent in clear text behind it is taken for a part of what follows.
func startTLS(conn net.Conn) (offered bool, err error) {
	request := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	extended := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	extended.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "1.3.6.1.4.1.1466.20037", ""))
	request.AppendChild(extended)
	if _, err = conn.Write(request.Bytes()); err == nil {
		answer := newWire(conn, 0)
		answer.in = bufio.NewReaderSize(oneByte{conn}, 16)
		var message []byte
		if message, err = answer.message(); err == nil {
			var packet *ber.Packet
			if packet, err = ber.DecodePacketErr(message); err == nil {
				return ldap.GetLDAPError(packet) == nil, nil
			}
		}
	}
	return false, fmt.Errorf("begin TLS: %w: %w", ErrUnreachable, reason(err))
}

// oneByte reads no more than it is asked for at once.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 1)]) }

package directorytest

import (
	"crypto/tls"
	"io"
	"net"
	"slices"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Responder is a server that speaks LDAPS and answers as a test says.
type Responder struct {
	Port      int
	Authority *Authority
}

// Request is one message of a client.
type Request struct {
	ID int64
	Op *ber.Packet
}

// StartResponder starts a server that hands each message to answer. It ends with the test.
func StartResponder(t testing.TB, answer func(r Request, w io.Writer)) *Responder {
	t.Helper()
	s := &Responder{Authority: NewAuthority(t)}
	certificate, key := s.Authority.Issue(t, "localhost")
	pair, err := tls.X509KeyPair(certificate, key)
	must(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	must(t, err)
	s.Port = l.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn, answer)
		}
	}()
	return s
}

func serve(conn net.Conn, answer func(Request, io.Writer)) {
	defer conn.Close()
	for {
		message, err := ber.ReadPacket(conn)
		if err != nil || len(message.Children) < 2 {
			return
		}
		id, _ := message.Children[0].Value.(int64)
		answer(Request{id, message.Children[1]}, conn)
	}
}

// Is reports whether the message is one of an operation, an application tag of LDAP.
func (r Request) Is(operation ber.Tag) bool { return r.Op.Tag == operation }

// IsBind reports whether the client signs in, and as whom.
func (r Request) IsBind() (name, password string, is bool) {
	if !r.Is(ldap.ApplicationBindRequest) || len(r.Op.Children) < 3 {
		return "", "", false
	}
	name, _ = r.Op.Children[1].Value.(string)
	return name, r.Op.Children[2].Data.String(), true
}

// Message is an answer to the request: an operation with controls or without.
func (r Request) Message(operation *ber.Packet, controls ...ldap.Control) []byte {
	message := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	message.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, r.ID, ""))
	message.AppendChild(operation)
	if len(controls) > 0 {
		all := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			all.AppendChild(c.Encode())
		}
		message.AppendChild(all)
	}
	return message.Bytes()
}

// Result is the end of an operation, with a text that a server may put in.
func Result(operation ber.Tag, code int64, text string) *ber.Packet {
	result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, operation, nil, "")
	result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	result.AppendChild(octets(""))
	result.AppendChild(octets(text))
	return result
}

// Attribute is an attribute with its values.
type Attribute struct {
	Name   string
	Values []string
}

// Found is an entry that a search found.
func Found(dn string, attributes ...Attribute) *ber.Packet {
	entry := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	entry.AppendChild(octets(dn))
	list := ber.NewSequence("")
	for _, a := range attributes {
		one := ber.NewSequence("")
		one.AppendChild(octets(a.Name))
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range a.Values {
			values.AppendChild(octets(v))
		}
		one.AppendChild(values)
		list.AppendChild(one)
	}
	entry.AppendChild(list)
	return entry
}

// Reference says that a part of what is searched for lies on another server.
func Reference(url string) *ber.Packet {
	reference := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
	reference.AppendChild(octets(url))
	return reference
}

func octets(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}

// Search is what a client searches for.
type Search struct {
	Base       string
	Scope      int64
	Filter     *ber.Packet
	Attributes []string
}

// IsSearch reports whether the client searches, and for what.
func (r Request) IsSearch() (s Search, is bool) {
	if !r.Is(ldap.ApplicationSearchRequest) || len(r.Op.Children) < 8 {
		return s, false
	}
	s.Base, _ = r.Op.Children[0].Value.(string)
	s.Scope, _ = r.Op.Children[1].Value.(int64)
	s.Filter = r.Op.Children[6]
	for _, a := range r.Op.Children[7].Children {
		name, _ := a.Value.(string)
		s.Attributes = append(s.Attributes, name)
	}
	return s, true
}

// Asks reports whether the search names an attribute.
func (s Search) Asks(attribute string) bool { return slices.Contains(s.Attributes, attribute) }

package directory_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/musterhq/muster/directory"
	"github.com/musterhq/muster/directory/directorytest"
)

// hostile starts a server that lets everybody in and answers searches as the test says.
func hostile(t *testing.T, search func(r directorytest.Request, s directorytest.Search, w io.Writer)) *directorytest.Responder {
	t.Helper()
	return directorytest.StartResponder(t, func(r directorytest.Request, w io.Writer) {
		if _, _, is := r.IsBind(); is {
			w.Write(r.Message(directorytest.Result(ldap.ApplicationBindResponse, 0, "")))
		}
		if s, is := r.IsSearch(); is {
			search(r, s, w)
		}
	})
}

var group = []directorytest.Attribute{{Name: "objectClass", Values: []string{"groupOfNames"}}, {Name: "cn", Values: []string{"g"}}, {Name: "entryUUID", Values: []string{"g"}}}

func done(r directorytest.Request, controls ...ldap.Control) []byte {
	return r.Message(directorytest.Result(ldap.ApplicationSearchResultDone, 0, ""), controls...)
}

// element is an element of BER with a length of four bytes.
func element(tag byte, content ...[]byte) []byte {
	inside := bytes.Join(content, nil)
	return append(binary.BigEndian.AppendUint32([]byte{tag, 0x84}, uint32(len(inside))), inside...)
}

// dns are many distinguished names.
func dns(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprintf("cn=%d,dc=x", i))
	}
	return all
}

// TestHostileAnswers takes what a directory may send that means no good: every one ends soon, with an error that says what it was.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	var million []byte
	for i := range 1_000_000 {
		million = append(million, element(0x04, fmt.Appendf(nil, "cn=%07d", i))...)
	}
	member := func(values ...string) directorytest.Attribute {
		return directorytest.Attribute{Name: "member", Values: values}
	}
	for name, test := range map[string]struct {
		answer func(r directorytest.Request, s directorytest.Search, w io.Writer)
		want   error
	}{
		"a million members": {func(r directorytest.Request, _ directorytest.Search, w io.Writer) {
			attribute := element(0x30, element(0x04, []byte("member")), element(0x31, million))
			w.Write(element(0x30, []byte{2, 1, byte(r.ID)}, element(0x64, element(0x04, []byte("cn=g")), element(0x30, attribute))))
			w.Write(done(r))
		}, directory.ErrTooMany},
		"ranges without end": {func(r directorytest.Request, s directorytest.Search, w io.Writer) {
			from := 0
			fmt.Sscanf(s.Attributes[0], "member;range=%d-*", &from)
			w.Write(r.Message(directorytest.Found("cn=g", directorytest.Attribute{Name: fmt.Sprintf("member;range=%d-%d", from, from+999), Values: dns(from, from+1000)})))
			w.Write(done(r))
		}, directory.ErrTooMany},
		"ranges that stand still": {func(r directorytest.Request, _ directorytest.Search, w io.Writer) {
			w.Write(r.Message(directorytest.Found("cn=g", directorytest.Attribute{Name: "member;range=0-0", Values: []string{"cn=x"}})))
			w.Write(done(r))
		}, directory.ErrRefused},
		"empty ranges": {func(r directorytest.Request, _ directorytest.Search, w io.Writer) {
			w.Write(r.Message(directorytest.Found("cn=g", directorytest.Attribute{Name: "member;range=0--1"})))
			w.Write(done(r))
		}, directory.ErrRefused},
		"the same entry twice": {func(r directorytest.Request, _ directorytest.Search, w io.Writer) {
			for range 2 {
				w.Write(r.Message(directorytest.Found("cn=g", member("cn=x"))))
			}
			w.Write(done(r))
		}, directory.ErrAmbiguous},
		"groups without end": {func(r directorytest.Request, s directorytest.Search, w io.Writer) {
			var n int
			fmt.Sscanf(s.Base, "cn=%d", &n)
			w.Write(r.Message(directorytest.Found(s.Base, append(group, member(fmt.Sprintf("cn=%d", n+1)))...)))
			w.Write(done(r))
		}, directory.ErrTooMany},
		"only references": {func(r directorytest.Request, s directorytest.Search, w io.Writer) {
			if s.Asks("member") {
				w.Write(r.Message(directorytest.Found("cn=g", member(dns(0, 3)...))))
				w.Write(done(r))
				return
			}
			w.Write(r.Message(directorytest.Result(ldap.ApplicationSearchResultDone, ldap.LDAPResultReferral, "ldap://127.0.0.1:1/")))
		}, directory.ErrRefused},
		"a nest of elements": {func(r directorytest.Request, _ directorytest.Search, w io.Writer) {
			nest := []byte{4, 0}
			for range 200 {
				nest = append([]byte{0x30, 0x82, byte(len(nest) >> 8), byte(len(nest))}, nest...)
			}
			w.Write(nest)
		}, directory.ErrUnreachable},
		"an endless element": {func(_ directorytest.Request, _ directorytest.Search, w io.Writer) {
			w.Write([]byte{0x30, 0x80})
		}, directory.ErrUnreachable},
		"four gigabytes announced": {func(_ directorytest.Request, _ directorytest.Search, w io.Writer) {
			w.Write([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 2, 3})
		}, directory.ErrUnreachable},
		"too many bytes": {func(r directorytest.Request, _ directorytest.Search, w io.Writer) {
			entry := r.Message(directorytest.Found("cn=g", member(strings.Repeat("x", 1<<20))))
			for range 8 {
				if _, err := w.Write(entry); err != nil {
					return
				}
			}
		}, directory.ErrTooMany},
		"tiny elements": {func(_ directorytest.Request, _ directorytest.Search, w io.Writer) {
			w.Write(element(0x30, bytes.Repeat([]byte{4, 0}, 1<<20)))
		}, directory.ErrTooMany},
		"noise": {func(_ directorytest.Request, _ directorytest.Search, w io.Writer) {
			w.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		}, directory.ErrUnreachable},
		"silence":   {func(directorytest.Request, directorytest.Search, io.Writer) {}, directory.ErrUnreachable},
		"a hang-up": {func(_ directorytest.Request, _ directorytest.Search, w io.Writer) { w.(io.Closer).Close() }, directory.ErrUnreachable},
		"no entry":  {func(r directorytest.Request, _ directorytest.Search, w io.Writer) { w.Write(done(r)) }, directory.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hostile(t, test.answer)
			o := directory.Options{Allow: allow(t, "localhost"), Roots: s.Authority.Pool(), Members: 20_000, Ask: time.Minute}
			switch name {
			case "silence":
				o.Ask = time.Second
			case "too many bytes":
				o.Bytes = 4 << 20
			}
			c := directory.New(o)
			d := open(t, c, directory.Config{Kind: directory.LDAP, Host: "localhost", Port: s.Port, UseSSL: true, Account: "cn=x", Secret: "hunter2", AccountAttribute: "uid", MembershipAttribute: "member"})
			begun := time.Now()
			found, err := d.Members(t.Context(), directory.Entry{DN: "cn=g"})
			if !errors.Is(err, test.want) || len(found.Users) > 0 {
				t.Errorf("%d members and %v, want %v", len(found.Users), err, test.want)
			}
			if took := time.Since(begun); took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
			t.Log(err)
		})
	}
}

// TestEndlessPages pages through a search forever, with entries and without.
func TestEndlessPages(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string]int{"with entries": 50, "without": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := hostile(t, func(r directorytest.Request, s directorytest.Search, w io.Writer) {
				if s.Base == "" {
					w.Write(r.Message(directorytest.Found("", directorytest.Attribute{Name: "namingContexts", Values: []string{"dc=x"}})))
					w.Write(done(r))
					return
				}
				if s.Scope == ldap.ScopeBaseObject {
					w.Write(r.Message(directorytest.Found("cn=g", directorytest.Attribute{Name: "memberUid", Values: []string{"a"}})))
					w.Write(done(r))
					return
				}
				for i := range entries {
					w.Write(r.Message(directorytest.Found(fmt.Sprintf("cn=%d", i))))
				}
				paging := ldap.NewControlPaging(0)
				paging.SetCookie([]byte("more"))
				w.Write(done(r, paging))
			})
			c := directory.New(directory.Options{Allow: allow(t, "localhost"), Roots: s.Authority.Pool(), Members: 1000, Ask: 5 * time.Second})
			d := open(t, c, directory.Config{Kind: directory.LDAP, Host: "localhost", Port: s.Port, UseSSL: true, Account: "cn=x", Secret: "x", AccountAttribute: "uid", MembershipAttribute: "memberUid"})
			if _, err := d.Members(t.Context(), directory.Entry{DN: "cn=g"}); !errors.Is(err, directory.ErrTooMany) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestServersCannotTalk leaves out what a server says in its own words, which may repeat the password.
func TestServersCannotTalk(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]int64{"wrong": ldap.LDAPResultInvalidCredentials, "locked": ldap.LDAPResultUnwillingToPerform, "unheard of": 4711} {
		s := directorytest.StartResponder(t, func(r directorytest.Request, w io.Writer) {
			_, password, _ := r.IsBind()
			w.Write(r.Message(directorytest.Result(ldap.ApplicationBindResponse, code, "no, not "+password)))
		})
		c := directory.New(directory.Options{Allow: allow(t, "localhost"), Roots: s.Authority.Pool()})
		_, err := c.Open(t.Context(), directory.Config{Kind: directory.LDAP, Host: "localhost", Port: s.Port, UseSSL: true, Account: "cn=x", Secret: "hunter2"})
		if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "no, not") || !strings.Contains(err.Error(), "bind") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

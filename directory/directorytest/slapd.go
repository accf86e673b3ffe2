// Package directorytest starts directories for tests: a real OpenLDAP server, a stand-in for what only Active Directory does, and
// one for Entra ID.
package directorytest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Slapd is a running OpenLDAP server on 127.0.0.1 whose data lies in a folder of the test.
type Slapd struct {
	Port, SecurePort int // of LDAP with StartTLS, and of LDAPS
	Authority        *Authority

	t    testing.TB
	dir  string
	root *ldap.Conn
	stop func()
}

// What every Slapd begins with: a service account that may read everything, 500 entries at once at most.
const (
	Suffix          = "dc=lab,dc=example"
	ServiceDN       = "cn=reader,dc=lab,dc=example"
	ServicePassword = "reads; everything]"

	rootDN       = "cn=root," + Suffix
	rootPassword = "root"
)

// configuration is that of the server. Without TLS, the two lines about it are left out.
const configuration = `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
pidfile %[1]s/slapd.pid
TLSCertificateFile %[1]s/server.crt
TLSCertificateKeyFile %[1]s/server.key
database mdb
suffix "` + Suffix + `"
rootdn "` + rootDN + `"
rootpw ` + rootPassword + `
directory %[1]s/data
maxsize 268435456
dbnosync
index objectClass,uid,cn,entryUUID eq
overlay ppolicy
`

// StartSlapd starts a server, or skips the test where slapd is not installed. It ends with the test.
func StartSlapd(t testing.TB, adjust ...func(configuration string) string) *Slapd {
	t.Helper()
	if _, err := os.Stat("/etc/ldap/schema/core.schema"); err != nil {
		t.Skip("slapd is not installed: apt-get install slapd")
	}
	s := &Slapd{t: t, dir: t.TempDir(), Authority: NewAuthority(t)}
	must(t, os.Mkdir(filepath.Join(s.dir, "data"), 0o700))
	certificate, key := s.Authority.Issue(t, "localhost")
	must(t, os.WriteFile(filepath.Join(s.dir, "server.crt"), certificate, 0o600))
	must(t, os.WriteFile(filepath.Join(s.dir, "server.key"), key, 0o600))
	text := fmt.Sprintf(configuration, s.dir)
	for _, adjust := range adjust {
		text = adjust(text)
	}
	must(t, os.WriteFile(filepath.Join(s.dir, "slapd.conf"), []byte(text), 0o600))
	s.Port, s.SecurePort = freePort(t), freePort(t)
	t.Cleanup(func() { s.Stop() })
	s.Start()
	s.Add(Suffix, "objectClass: dcObject", "objectClass: organization", "dc: lab", "o: Lab")
	s.Add(ServiceDN, "objectClass: organizationalRole", "objectClass: simpleSecurityObject", "userPassword: "+ServicePassword)
	s.Add("ou=people,"+Suffix, "objectClass: organizationalUnit")
	s.Add("ou=groups,"+Suffix, "objectClass: organizationalUnit")
	return s
}

// WithoutTLS makes a server that offers none.
func WithoutTLS(configuration string) string {
	var kept []string
	for line := range strings.Lines(configuration) {
		if !strings.HasPrefix(line, "TLS") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// Start starts the server again, on the same ports and data.
func (s *Slapd) Start() {
	s.t.Helper()
	var log bytes.Buffer
	listen := fmt.Sprintf("ldap://127.0.0.1:%d/ ldaps://127.0.0.1:%d/", s.Port, s.SecurePort)
	// -d keeps it in the foreground, so that it ends with the test.
	server := exec.Command("/usr/sbin/slapd", "-f", filepath.Join(s.dir, "slapd.conf"), "-h", listen, "-d", "0")
	server.Stdout, server.Stderr = &log, &log
	must(s.t, server.Start())
	ended := make(chan struct{})
	go func() { server.Wait(); close(ended) }()
	s.stop = func() {
		server.Process.Kill()
		<-ended
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := ldap.DialURL("ldap://127.0.0.1:" + strconv.Itoa(s.Port))
		if err == nil {
			s.root = conn
			break
		}
		select {
		case <-ended:
			s.t.Fatalf("slapd ended: %s", &log)
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("slapd does not answer: %v", err)
		}
	}
	must(s.t, s.root.Bind(rootDN, rootPassword))
}

// Stop ends the server at once.
func (s *Slapd) Stop() {
	if s.stop == nil {
		return
	}
	if s.root != nil {
		s.root.Close()
	}
	s.stop()
	s.stop, s.root = nil, nil
}

// Add adds an entry with attributes written "name: value". The attribute in its own name is added by the server.
func (s *Slapd) Add(dn string, attributes ...string) {
	s.t.Helper()
	request := ldap.NewAddRequest(dn, nil)
	values := map[string][]string{}
	var order []string
	for _, a := range attributes {
		name, value, _ := strings.Cut(a, ": ")
		if values[name] == nil {
			order = append(order, name)
		}
		values[name] = append(values[name], value)
	}
	for _, name := range order {
		request.Attribute(name, values[name])
	}
	must(s.t, s.root.Add(request))
}

// AddUser adds a person with an account name and the password "pw of NAME", and returns the distinguished name.
func (s *Slapd) AddUser(name string, attributes ...string) string {
	s.t.Helper()
	dn := "uid=" + ldap.EscapeDN(name) + ",ou=people," + Suffix
	s.Add(dn, append([]string{
		"objectClass: inetOrgPerson", "uid: " + name, "cn: " + name, "sn: of the lab", "userPassword: pw of " + name,
	}, attributes...)...)
	return dn
}

// AddGroup adds a groupOfNames with members, and returns the distinguished name.
func (s *Slapd) AddGroup(name string, members ...string) string {
	s.t.Helper()
	dn := "cn=" + ldap.EscapeDN(name) + ",ou=groups," + Suffix
	attributes := []string{"objectClass: groupOfNames", "cn: " + name}
	for _, member := range members {
		attributes = append(attributes, "member: "+member)
	}
	s.Add(dn, attributes...)
	return dn
}

// Rename gives an entry another relative name, and returns the new distinguished name.
func (s *Slapd) Rename(dn, relative string) string {
	s.t.Helper()
	must(s.t, s.root.ModifyDN(ldap.NewModifyDNRequest(dn, relative, true, "")))
	_, parent, _ := strings.Cut(dn, ",ou=")
	return relative + ",ou=" + parent
}

// Set replaces the values of an attribute; none takes it away.
func (s *Slapd) Set(dn, attribute string, values ...string) {
	s.t.Helper()
	request := ldap.NewModifyRequest(dn, nil)
	request.Replace(attribute, values)
	must(s.t, s.root.Modify(request))
}

// Delete deletes an entry, and leaves it a member of the groups it was in, as servers do that look after no references.
func (s *Slapd) Delete(dn string) {
	s.t.Helper()
	must(s.t, s.root.Del(ldap.NewDelRequest(dn, nil)))
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/musterhq/muster/server/idaas"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/server/metaaccess"
)

// entrance is how a new store is entered: what is printed at the first start, or written for automation.
type entrance struct {
	HTTPS          string `json:"https"`
	HTTP           string `json:"http"`
	TLSFingerprint string `json:"tls_fingerprint"`
	User           string `json:"user"`
	Password       string `json:"password"`
	APIKey         string `json:"api_key"`
	ClientID       string `json:"client_id"`
	ClientSecret   string `json:"client_secret"`
	Token          string `json:"token"`
	DemoPassword   string `json:"demo_password,omitempty"` // of all users of the demo lab

	scan string // the demo's scanner file
}

// write writes the facts as JSON with mode 0600, whole or not at all, for whoever waits for the file.
func (e *entrance) write(file string) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(file, append(text, '\n'))
}

// writeWhole writes a file of mode 0600 in place of another, whole or not at all.
func writeWhole(file string, content []byte) error {
	unfinished := file + ".tmp"
	if err := os.Remove(unfinished); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := writeSynced(unfinished, content); err != nil {
		return err
	}
	return os.Rename(unfinished, file)
}

// otherDoors writes a line to paste for each of the other doors, which the same id and secret open.
func (e *entrance) otherDoors(b *strings.Builder, base string) {
	fmt.Fprintf(b, `# The groups as Entrust shows them, then the Workgroups as OPSWAT does; ten requests a minute there.
curl -sk '%s%s/v1/groups' -H 'Authorization: %s,%s'
curl -sk -X POST "%s%s/api/v3/groups?access_token=$(curl -sk '%[5]s%[6]s/oauth/token?grant_type=client_credentials&client_id=%[3]s&client_secret=%[4]s' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')"

`, base, idaas.Base, e.ClientID, e.ClientSecret, base, metaaccess.Base)
}

// print writes the block for people: where, with what, and lines to paste.
func (e *entrance) print(w io.Writer, demo bool) error {
	base := e.HTTPS
	if base == "" {
		base = e.HTTP
	}
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-18s %s\n", name, value)
		}
	}
	b.WriteString("\nmuster is ready. This is printed once; note what you need.\n\n")
	line("Swagger UI", base+"/swagger/")
	line("API", base+insight.Base)
	if e.HTTP != base {
		line("on this host also", e.HTTP+insight.Base)
	}
	line("TLS fingerprint", e.TLSFingerprint)
	line("user, password", e.User+"  "+e.Password)
	line("API key", e.APIKey)
	line("client id, secret", e.ClientID+"  "+e.ClientSecret)
	line("token (24 hours)", e.Token)
	if e.DemoPassword != "" {
		line("demo users", "olga, pieter, nadia, …  "+e.DemoPassword)
	}
	fmt.Fprintf(&b, `
Paste these: they sign in, %s and list the assets.

API=%s   # or %s
TOKEN=$(curl -sk "$API/Auth/connect/token" -d 'grant_type=client_credentials&client_id=%s&client_secret=%s' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
`, map[bool]string{true: "import the demo's Nessus file", false: "create a Workgroup"}[demo], base+insight.Base, e.HTTP+insight.Base, e.ClientID, e.ClientSecret)
	if demo {
		fmt.Fprintf(&b, `printf '{"WorkgroupID":1,"ImportType":"NESSUS","FileName":"scan.csv","Base64FileContents":"%%s"}' "$(base64 < '%s' | tr -d '\n')" | curl -sk "$API/Imports" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d @-
`, e.scan)
	} else {
		b.WriteString(`curl -sk "$API/Workgroups" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"Name":"My Workgroup"}'
`)
	}
	b.WriteString(`curl -sk "$API/Workgroups/1/Assets" -H "Authorization: Bearer $TOKEN"
`)
	e.otherDoors(&b, base)
	_, err := io.WriteString(w, b.String())
	return err
}

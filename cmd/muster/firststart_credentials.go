package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/musterhq/muster/server/idaas"
	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/server/metaaccess"
	"github.com/musterhq/muster/testdata/demo"
)

// firstCredentials say how a new store is entered: what is printed at the first start, or written for automation.
type firstCredentials struct {
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

	scan        string // the demo's scanner file, empty without the demo
	credentials string // the command that shows and renews credentials
}

// write writes the facts as JSON with mode 0600, whole or not at all, for whoever waits for the file.
func (e *firstCredentials) write(file string) error {
	text, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return writeWhole(file, append(text, '\n'))
}

// print writes the block for people: where, with what, the users of the demo, and commands to paste.
func (e *firstCredentials) print(w io.Writer) error {
	var b strings.Builder
	b.WriteString("\nmuster is ready. This is printed once; note what you need.\n\n")
	e.places(&b)
	line(&b, "TLS fingerprint", e.TLSFingerprint)
	line(&b, "user, password", e.User+"  "+e.Password)
	line(&b, "API key", e.APIKey)
	line(&b, "client id, secret", e.ClientID+"  "+e.ClientSecret)
	line(&b, "token (24 hours)", e.Token)
	fmt.Fprintf(&b, "\nLost one of them? %s\n", e.credentials)
	if e.DemoPassword != "" {
		fmt.Fprintf(&b, "\nThe users of the demo, all with the password %s, sign in with the API key above:\n\n", e.DemoPassword)
		for _, u := range demo.Users {
			line(&b, u.Name, u.May)
		}
	}
	commands := e.commands()
	fmt.Fprintf(&b, "\nPaste these %d commands:\n\n", len(commands))
	for _, c := range commands {
		fmt.Fprintf(&b, "# %s\n%s\n", c.what, c.line)
	}
	b.WriteString("\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// greet writes where a store is that has been entered before.
func (e *firstCredentials) greet(w io.Writer) error {
	var b strings.Builder
	b.WriteString("\nmuster is ready.\n\n")
	e.places(&b)
	fmt.Fprintf(&b, "\nWhat to sign in with was printed at the first start. Lost? %s\n\n", e.credentials)
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *firstCredentials) places(b *strings.Builder) {
	base := e.base()
	if base == "" {
		return
	}
	line(b, "Swagger UI", base+"/swagger/")
	line(b, "API", base+insight.Base)
	if e.HTTP != "" && e.HTTP != base {
		line(b, "on this host also", e.HTTP+insight.Base)
	}
}

func (e *firstCredentials) base() string {
	if e.HTTPS != "" {
		return e.HTTPS
	}
	return e.HTTP
}

func line(b *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "  %-18s %s\n", name, value)
	}
}

// pasted is a command of the block, and what it does.
type pasted struct{ what, line string }

// commands are what a newcomer pastes. There are none without a port.
func (e *firstCredentials) commands() []pasted {
	base := e.base()
	if base == "" {
		return nil
	}
	other := ""
	if e.HTTP != "" && e.HTTP != base {
		other = "   # or " + e.HTTP + insight.Base
	}
	const token = ` | sed 's/.*"access_token":"\([^"]*\)".*/\1/'`
	all := []pasted{
		{"Where the API is.", "API=" + base + insight.Base + other},
		{"Sign in.", fmt.Sprintf(`TOKEN=$(curl -sk "$API/Auth/connect/token" -d 'grant_type=client_credentials&client_id=%s&client_secret=%s'%s)`, e.ClientID, e.ClientSecret, token)},
		{"Create a Workgroup.", `curl -sk "$API/Workgroups" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{"Name":"My Workgroup"}'`},
	}
	if e.scan != "" {
		all[2] = pasted{"Import the demo's Nessus file.", fmt.Sprintf(`printf '{"WorkgroupID":1,"ImportType":"NESSUS","FileName":"scan.csv","Base64FileContents":"%%s"}' "$(base64 < %s | tr -d '\n')" | curl -sk "$API/Imports" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d @-`, quoted(e.scan))}
	}
	return append(all,
		pasted{"List the assets.", `curl -sk "$API/Workgroups/1/Assets" -H "Authorization: Bearer $TOKEN"`},
		pasted{"The user groups, as Entrust shows them.", fmt.Sprintf(`curl -sk '%s%s/v1/groups' -H 'Authorization: %s,%s'`, base, idaas.Base, e.ClientID, e.ClientSecret)},
		pasted{"The Workgroups, as OPSWAT shows them; ten requests a minute there.", fmt.Sprintf(
			`curl -sk -X POST "%s%s/api/v3/groups?access_token=$(curl -sk '%[1]s%[2]s/oauth/token?grant_type=client_credentials&client_id=%[3]s&client_secret=%[4]s'%[5]s)"`,
			base, metaaccess.Base, e.ClientID, e.ClientSecret, token)},
	)
}

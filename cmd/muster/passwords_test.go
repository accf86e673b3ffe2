package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// TestPasswordsAreNowhere imports passwords in all kinds of files, good and bad, and looks for them in whatever muster says
// and keeps: its log at its most talkative, every answer, every import record and audit, and every file below its directory.
func TestPasswordsAreNowhere(t *testing.T) {
	t.Parallel()
	const secret = "Xq7-Kestrel"
	files := map[string]struct {
		content string
		state   string
	}{
		"complete": {`<PasswordSafeImport version="1"><FunctionalAccounts><FunctionalAccount><PlatformID>2</PlatformID><AccountName>svc</AccountName><Password>` + secret +
			`</Password></FunctionalAccount></FunctionalAccounts>` + assetWith(secret) + `</PasswordSafeImport>`, store.ImportDone},
		"the same again":   {`<PasswordSafeImport version="1">` + assetWith(secret) + `</PasswordSafeImport>`, store.ImportDone},
		"another password": {`<PasswordSafeImport version="1">` + assetWith(secret+"!") + `</PasswordSafeImport>`, store.ImportDone},
		"too long":         {`<PasswordSafeImport version="1">` + assetWith(strings.Repeat(secret, 200)) + `</PasswordSafeImport>`, store.ImportDone},
		"in a wrong place": {`<PasswordSafeImport version="1">` + strings.ReplaceAll(assetWith(secret), "Password", "Port") + `</PasswordSafeImport>`, store.ImportDone},
		"refused account":  {`<PasswordSafeImport version="1">` + strings.ReplaceAll(assetWith(secret), "root", "") + `</PasswordSafeImport>`, store.ImportDone},
		"less than":        {`<PasswordSafeImport version="1">` + assetWith("<"+secret+">") + `</PasswordSafeImport>`, store.ImportFailed},
		"entity":           {`<PasswordSafeImport version="1">` + assetWith("&"+secret+";") + `</PasswordSafeImport>`, store.ImportFailed},
		"cut off":          {strings.Split(assetWith(secret), "</Password>")[0], store.ImportFailed},
		"another program":  {`<passwordsafe><entry><title>` + secret + `</title><password>` + secret + `</password></entry></passwordsafe>`, store.ImportFailed},
		"another type":     {secret + ";" + secret + "\n", store.ImportFailed},
	}
	p := serve(t, newDir(t), "--log-level", "debug")
	c := &caller{p, http.Header{"Authorization": {"Bearer " + p.Token}}}
	var said strings.Builder
	ask := func(path string) string {
		status, text := c.ask("GET", path, "")
		if status != http.StatusOK {
			t.Errorf("GET %s: %d %s", path, status, text)
		}
		fmt.Fprintln(&said, text)
		return text
	}
	imports := 0
	for name, file := range files {
		_, queued := c.ask("POST", "Imports", fmt.Sprintf(`{"WorkgroupID":1,"FileName":"lab.xml","Base64FileContents":%q}`, base64.StdEncoding.EncodeToString([]byte(file.content))))
		fmt.Fprintln(&said, queued, p.queueFile(t, file.content))
		for range 2 {
			imports++
			if i := p.await(imports, ended); i.State != file.state {
				t.Errorf("%s: %s %q %q", name, i.State, i.Error, i.Warnings)
			}
			ask(fmt.Sprintf("Imports/%d", imports))
		}
	}
	accounts := ask("SmartRules/2/ManagedAccounts")
	for _, path := range []string{"Imports", "SmartRules/2/ManagedAccounts", "ManagedSystems", "Workgroups/1/Assets", "Databases", "Entitlements", "OperatingSystems", "SmartRules"} {
		ask(path)
	}
	audits := does[struct{ Data []store.UserAudit }](c, "GET", "UserAudits?limit=100000", "")
	for _, a := range audits.Data {
		ask(fmt.Sprintf("UserAudits/%d/UserAuditDetails", a.AuditID))
	}
	if !strings.Contains(accounts, `"AccountName":"root"`) || !strings.Contains(p.log.String(), `"import ended"`) || !strings.Contains(p.log.String(), `"level":"DEBUG"`) {
		t.Fatal("this test would not find a password if there were one")
	}
	must(t, p.stop(os.Interrupt))
	for what, text := range map[string]string{"an answer": said.String(), "the log": p.log.String(), "standard output": p.out.String()} {
		mustNotHold(t, what, []byte(text), secret)
	}
	must(t, filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		mustNotHold(t, path, content, secret)
		return err
	}))
}

// assetWith is an asset with an account whose password is given, as XML.
func assetWith(password string) string {
	return `<Assets><Asset><IPAddress>192.0.2.1</IPAddress><ManagedSystem><PlatformID>2</PlatformID><ManagedAccounts><ManagedAccount>` +
		`<AccountName>root</AccountName><Password>` + password + `</Password></ManagedAccount></ManagedAccounts></ManagedSystem></Asset></Assets>`
}

// mustNotHold looks for a secret, also without its first and last characters, and as base64.
func mustNotHold(t *testing.T, what string, content []byte, secret string) {
	t.Helper()
	for _, form := range []string{secret, secret[1 : len(secret)-1], base64.StdEncoding.EncodeToString([]byte(secret))[:12]} {
		if i := bytes.Index(content, []byte(form)); i >= 0 {
			t.Errorf("a password is in %s: %q", what, content[max(0, i-100):min(len(content), i+100)])
		}
	}
}

// queueFile posts a file in two parts and returns the answer.
func (p *process) queueFile(t *testing.T, content string) string {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	members, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/json"}})
	must(t, err)
	fmt.Fprint(members, `{"WorkgroupID":1,"FileName":"lab.xml"}`)
	file, err := parts.CreateFormFile("file", "lab.xml")
	must(t, err)
	if !strings.HasPrefix(content, "<") {
		content = base64.StdEncoding.EncodeToString([]byte(content))
	}
	fmt.Fprint(file, content)
	must(t, parts.Close())
	r, err := http.NewRequest("POST", p.HTTPS+insight.Base+"/Imports/QueueImportFile", &body)
	must(t, err)
	r.Header = http.Header{"Authorization": {"Bearer " + p.Token}, "Content-Type": {parts.FormDataContentType()}}
	got, err := insecure.Do(r)
	must(t, err)
	defer got.Body.Close()
	var answer bytes.Buffer
	_, err = answer.ReadFrom(got.Body)
	must(t, err)
	if got.StatusCode != http.StatusOK {
		t.Errorf("%s %s", got.Status, &answer)
	}
	return answer.String()
}

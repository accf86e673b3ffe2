package passwordsafe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/importers/passwordsafe"
	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importertest"
)

const cases = "../../testdata/importers/passwordsafe"

func TestCases(t *testing.T) { importertest.Run(t, passwordsafe.Importer, cases) }

func FuzzPasswordSafe(f *testing.F) { importertest.Fuzz(f, passwordsafe.Importer, cases) }

// read imports a text and returns what was emitted, and every word that was said.
func read(t *testing.T, content io.Reader) (records []plugins.Record, said string) {
	t.Helper()
	var words strings.Builder
	f := plugins.NewFile("lab.xml", content, func(text string) { fmt.Fprintln(&words, text) })
	err := plugins.Run(t.Context(), passwordsafe.Importer, f, func(r plugins.Record) error {
		records = append(records, r)
		return nil
	})
	fmt.Fprint(&words, err)
	return records, words.String()
}

// TestPasswords reads them as they are: want.jsonl says only that there is one.
func TestPasswords(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{
		"variant_complete":        {"battery <staple> & more", "correct horse"},
		"several_accounts":        {"one", "", "", ""},
		"blanks_around_passwords": {" <&> "},
		"utf16_little_endian":     {"pässwörd"},
		"bad_values":              {""},
	} {
		f, err := os.Open(filepath.Join(cases, name, "input.xml"))
		if err != nil {
			t.Fatal(err)
		}
		records, _ := read(t, f)
		var got []string
		for _, r := range records {
			if r.FunctionalAccount != nil {
				got = append(got, r.FunctionalAccount.Password.Reveal())
			} else {
				for _, a := range r.HostDetails.ManagedSystem.ManagedAccounts {
					got = append(got, a.Password.Reveal())
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTooMuchText skips an asset that is larger than a record may be, and goes on with the next.
func TestTooMuchText(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int{"more than a record holds": 900, "more than is held at all": 20_000} {
		account := "<ManagedAccount><Description>" + strings.Repeat("d", length) + "</Description></ManagedAccount>"
		content := `<PasswordSafeImport version="1"><Assets><Asset><IPAddress>192.0.2.1</IPAddress><ManagedSystem><ManagedAccounts>` +
			strings.Repeat(account, 600) + "</ManagedAccounts></ManagedSystem></Asset><Asset><IPAddress>192.0.2.2</IPAddress></Asset></Assets></PasswordSafeImport>"
		records, said := read(t, strings.NewReader(content))
		want := []plugins.Record{{IPAddress: "192.0.2.1", Skip: "what there is on it takes more than 512 KiB"}, {IPAddress: "192.0.2.2"}}
		if diff := cmp.Diff(want, records); diff != "" || said != "<nil>" {
			t.Errorf("%s: %s\n%s", name, said, diff)
		}
	}
}

// TestNothingIsSaidOfSecrets damages a file in every place and in every way, and looks for a secret in what is said of it.
func TestNothingIsSaidOfSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter"
	const file = `<PasswordSafeImport version="1"><Assets><Asset><IPAddress>192.0.2.1</IPAddress><ManagedSystem><PlatformID>2</PlatformID><ManagedAccounts>` +
		`<ManagedAccount><AccountName>root</AccountName><Password>` + secret + `</Password></ManagedAccount></ManagedAccounts></ManagedSystem></Asset></Assets></PasswordSafeImport>`
	begin := strings.Index(file, secret)
	for _, damage := range []string{"<", "&", "</", "<!", "<![CDATA[", "]]>", "<?", "<x", ">", "=", "\"", "&#", "&" + secret + ";", "<" + secret + ">", "</" + secret + ">", "<" + secret + " " + secret + "='"} {
		around := len("<Password>")
		if strings.Contains(damage, secret) {
			around = 0 // anywhere else it would be no secret
		}
		for at := begin - around; at <= begin+len(secret)+around; at++ {
			for _, damaged := range []string{file[:at] + damage + file[at:], file[:at] + damage + file[min(at+1, len(file)):], file[:at] + damage} {
				if _, said := read(t, strings.NewReader(damaged)); strings.Contains(said, secret) || strings.Contains(said, secret[1:]) {
					t.Errorf("of %s\nit is said: %s", damaged[begin-len("<Password>"):], said)
				}
			}
		}
	}
	other, err := os.ReadFile(filepath.Join(cases, "pwsafe_org", "input.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if records, said := read(t, strings.NewReader(string(other))); len(records) > 0 || strings.Contains(said, secret) || strings.Contains(said, "Bank") || strings.Contains(said, "vault") {
		t.Errorf("of the file of another program it is said: %s", said)
	}
}

func TestImportStops(t *testing.T) {
	t.Parallel()
	const assets = `<PasswordSafeImport version="1"><Assets><Asset><IPAddress>192.0.2.1</IPAddress></Asset><Asset/><Asset/>`
	full := errors.New("disk full")
	for name, content := range map[string]string{"in the middle": assets + "<Asset/></Assets></PasswordSafeImport>", "at a fault": assets + "<", "at the end": assets[:strings.Index(assets, "<Asset/>")] + "</Assets></PasswordSafeImport>"} {
		count := 0
		err := passwordsafe.Importer.Import(t.Context(), plugins.NewFile("", strings.NewReader(content), nil), func(plugins.Record) error { count++; return full })
		if err != full || count != 1 {
			t.Errorf("%s: %v after %d assets", name, err, count)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	long := strings.NewReader(`<PasswordSafeImport version="1"><Assets>` + strings.Repeat("<Asset/>", 10_000))
	if err := passwordsafe.Importer.Import(ctx, plugins.NewFile("", long, nil), func(plugins.Record) error { return nil }); err != context.Canceled {
		t.Errorf("canceled: %v", err)
	}
}

// TestLargeFiles reads what an asset should not have so much of, and shows that it is not held.
func TestLargeFiles(t *testing.T) { // not parallel: it measures memory
	const begin = `<PasswordSafeImport version="1"><Assets><Asset><IPAddress>192.0.2.1</IPAddress>`
	const account = begin + `<ManagedSystem><PlatformID>2</PlatformID><ManagedAccounts><ManagedAccount>`
	for name, test := range map[string]struct{ before, filler string }{
		"assets":            {begin + "</Asset>", "<Asset><IPAddress>192.0.2.2</IPAddress></Asset>"},
		"accounts":          {begin + "<ManagedSystem><ManagedAccounts>", "<ManagedAccount><Password>x</Password></ManagedAccount>"},
		"members":           {account, "<Description>" + strings.Repeat("x", 10_000) + "</Description>"},
		"unknown elements":  {account, "<Nothing/>"},
		"elements in texts": {account + "<Password>", "<Nothing/>"},
		"attributes":        {begin + "<Attributes>", "<Attribute type='a'>b</Attribute>"},
		"long names":        {account, "<" + strings.Repeat("x", 1<<20) + "/>"},
		"long types":        {begin + "<Attributes>", "<Attribute type='" + strings.Repeat("x", 1<<20) + "'>b</Attribute>"},
		"databases":         {begin + "<Databases>", "<Database/>"},
		"systems":           {begin, "<ManagedSystem/>"},
		"functional":        {begin[:strings.Index(begin, "<Assets>")] + "<FunctionalAccounts>", "<FunctionalAccount/>"},
	} {
		content := strings.NewReader(test.before + strings.Repeat(test.filler, (1<<20)/len(test.filler)))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began, warnings := time.Now(), 0
		f := plugins.NewFile("", content, func(string) { warnings++ })
		err := plugins.Run(t.Context(), passwordsafe.Importer, f, func(plugins.Record) error { return nil })
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		grown := (after.HeapSys - min(before.HeapSys, after.HeapSys)) >> 20
		t.Logf("%s: %d MiB, %s, %v", name, grown, took, err)
		if err == nil || !strings.Contains(err.Error(), "cut off") || grown > 64 || took > 10*time.Second {
			t.Errorf("%s: %v, the heap grew by %d MiB, after %s", name, err, grown, took)
		}
	}
}

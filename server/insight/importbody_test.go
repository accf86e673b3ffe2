package insight

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

func TestCutContents(t *testing.T) {
	t.Parallel()
	file := bytes.Repeat([]byte("host,10.0.0.1\n\xff\x00"), 10_000)
	encoded := base64.StdEncoding.EncodeToString(file)
	numbers, err := json.Marshal(func() (n []int) {
		for _, b := range file {
			n = append(n, int(b))
		}
		return n
	}())
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"base64":                 `{"WorkgroupID":1,"Base64FileContents":"` + encoded + `"}`,
		"base64 first":           `{"Base64FileContents":"` + encoded + `","WorkgroupID":1}`,
		"any letter case":        `{"base64filecontents":"` + encoded + `","workgroupid":1}`,
		"base64 by .NET":         `{"WorkgroupID":1,"Base64FileContents":"` + strings.ReplaceAll(strings.ReplaceAll(encoded, "+", `\u002B`), "/", `\/`) + `"}`,
		"base64 in lines":        `{"WorkgroupID":1,"Base64FileContents":"` + strings.Join(chunks(encoded, 76), `\r\n`) + `"}`,
		"base64 for URLs":        `{"WorkgroupID":1,"Base64FileContents":"` + base64.URLEncoding.EncodeToString(file) + `"}`,
		"a text in the other":    `{"WorkgroupID":1,"FileContents":"` + encoded + `"}`,
		"numbers":                `{"WorkgroupID":1,"FileContents":` + string(numbers) + `}`,
		"numbers with blanks":    `{"WorkgroupID":1,"FileContents":` + strings.ReplaceAll(string(numbers), ",", " ,\n ") + `}`,
		"a byte order mark":      "\ufeff" + `{"WorkgroupID":1,"Base64FileContents":"` + encoded + `"}`,
		"blanks and null":        ` { "FileContents" : null , "Base64FileContents" : "` + encoded + `" , "WorkgroupID" : 1 } `,
		"an escaped member":      `{"WorkgroupID":1,"\u0042ase64FileContents":"` + encoded + `"}`,
		"others that look alike": `{"X":{"Base64FileContents":"AAAA"},"Y":["}",{"a":"\"]"}],"WorkgroupID":1,"Base64FileContents":"` + encoded + `"}`,
	} {
		for how, in := range map[string]io.Reader{"whole": strings.NewReader(body), "in pieces": iotest.HalfReader(strings.NewReader(body))} {
			var got bytes.Buffer
			members, err := cutContents(in, &got)
			if err != nil || !bytes.Equal(got.Bytes(), file) {
				t.Errorf("%s, %s: %v, %d bytes of %d", name, how, err, got.Len(), len(file))
				continue
			}
			var fields importFields
			if err := api.Decode(members, &fields); err != nil || fields.WorkgroupID != 1 || len(members) > 500 {
				t.Errorf("%s, %s: %v from %s", name, how, err, members)
			}
		}
	}
}

func chunks(s string, n int) (all []string) {
	for len(s) > n {
		all, s = append(all, s[:n]), s[n:]
	}
	return append(all, s)
}

// TestCutContentsRefuses shows where the reason comes from: of the content it is said at once, of all else by the
// decoder that reads what is left.
func TestCutContentsRefuses(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"WorkgroupID":1,"Base64FileContents":"AA!A"}`:             "Base64FileContents: not base64 at character 3",
		`{"WorkgroupID":1,"Base64FileContents":"AAA"}`:              "cut short",
		`{"WorkgroupID":1,"Base64FileContents":"AAAA`:               "",
		`{"WorkgroupID":1,"FileContents":[1,256]}`:                  "FileContents: item 2 is not a number from 0 to 255",
		`{"WorkgroupID":1,"FileContents":[1,-1]}`:                   "item 2",
		`{"WorkgroupID":1,"FileContents":[1 2]}`:                    "item 1",
		`{"WorkgroupID":1,"FileContents":[1,]}`:                     "item 2",
		`{"WorkgroupID":1,"FileContents":[1`:                        "it ends too early",
		`{"WorkgroupID":1,"FileContents":{"a":1}}`:                  "FileContents: a text is expected",
		`{"WorkgroupID":1,"Base64FileContents":[65]}`:               "Base64FileContents: a text is expected",
		`{"WorkgroupID":1,"FileContents":"QQ==","filecontents":""}`: "filecontents is given twice",
		`{"WorkgroupID":1,"FileContents":"QQ=="} x`:                 "after the JSON value",
		`[1]`:      "an object is expected",
		`nonsense`: "not JSON",
		``:         "WorkgroupID is required",
	} {
		members, err := cutContents(strings.NewReader(body), io.Discard)
		if err == nil {
			err = api.Decode(members, new(importFields))
		}
		if want == "" {
			want = "cut short"
		}
		if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", body, err, want)
		}
	}
}

func TestCutContentsHoldsLittle(t *testing.T) {
	t.Parallel()
	body := `{"WorkgroupID":1,"FileName":"` + strings.Repeat("x", maxMembers) + `"}`
	if kept, err := cutContents(strings.NewReader(body), io.Discard); !errors.Is(err, api.ErrTooLarge) || len(kept) > maxMembers {
		t.Errorf("%v, %d bytes", err, len(kept))
	}
}

// FuzzCutContents compares with reading the whole body at once.
func FuzzCutContents(f *testing.F) {
	f.Add(`{"WorkgroupID":1,"Base64FileContents":"QUJD"}`)
	f.Add(`{"FileContents":[1,2,3],"WorkgroupID":1}`)
	f.Add(`{"a":[{"b":"\"}"}],"FileContents":"QUJD\n"}`)
	f.Fuzz(func(t *testing.T, body string) {
		var file bytes.Buffer
		members, err := cutContents(strings.NewReader(body), &file)
		if err != nil && !errors.Is(err, store.ErrInvalid) && !errors.Is(err, api.ErrTooLarge) {
			t.Fatalf("%q: %v is not the caller's fault", body, err)
		}
		var whole map[string]json.RawMessage
		if err != nil || !json.Valid([]byte(body)) || json.Unmarshal([]byte(body), &whole) != nil || api.Decode(members, new(importFields)) != nil {
			return
		}
		var want []byte
		for name, value := range whole {
			var text string
			if _, is := contents[strings.ToLower(name)]; is && json.Unmarshal(value, &text) == nil && text != "" {
				want, _ = base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/", "\t", "").Replace(text))
			} else if is && value[0] == '[' {
				var numbers []int
				json.Unmarshal(value, &numbers)
				for _, n := range numbers {
					want = append(want, byte(n))
				}
			}
		}
		if fmt.Sprint(want) != fmt.Sprint(file.Bytes()) {
			t.Fatalf("%q: %q, want %q", body, file.Bytes(), want)
		}
	})
}

// TestLongBase64 decodes texts around the size of the pieces in which they are read.
func TestLongBase64(t *testing.T) {
	t.Parallel()
	const piece = base64Piece
	post := func(text string) (file string, err error) {
		var b strings.Builder
		_, err = cutContents(strings.NewReader(`{"Base64FileContents":"`+text+`"}`), &b)
		return b.String(), err
	}
	for size := piece/4*3 - 4; size < piece/4*3+4; size++ {
		want := strings.Repeat("\xfb\xff~", size)[:size] // what the two alphabets spell differently
		for _, text := range []string{
			base64.StdEncoding.EncodeToString([]byte(want)),
			base64.URLEncoding.EncodeToString([]byte(want)),
			strings.Join(chunks(base64.StdEncoding.EncodeToString([]byte(want)), 76), `\r\n`),
		} {
			if got, err := post(text); err != nil || got != want {
				t.Errorf("%d bytes as %.80s…: %d bytes, %v", size, text, len(got), err)
			}
		}
	}
	for text, want := range map[string]string{
		strings.Repeat("A", piece+5) + "!AA":              fmt.Sprintf("not base64 at character %d", piece+6),
		strings.Repeat("A", piece-1) + "=" + "AAAA":       fmt.Sprintf("not base64 at character %d", piece+1),
		strings.Repeat("A", piece-5) + "=AAAA" + "AAAA":   fmt.Sprintf("not base64 at character %d", piece-3),
		strings.Repeat("A", piece) + "AAA":                "the base64 is cut short",
		strings.Repeat("A", piece-1) + `\n` + "A" + "AAA": "the base64 is cut short",
	} {
		if _, err := post(text); !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%d characters: %v, want %q", len(text), err, want)
		}
	}
}

package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-openapi/spec"

	"github.com/musterhq/muster/server"
)

// ofAForm are the members whose text has to be of a form or has to exist elsewhere, so that not every text of a length will do.
var ofAForm = []string{
	"IPAddress", "EmailAddress", "Value", "HostName", "hostName", "DomainName", "ForestName", "domainName", "forestName", "DistinguishedName",
	"groupDistinguishedName", "membershipAttribute", "accountAttribute", "UserName of a directory", "groupName of a directory",
}

// lengths gathers which members were held to their length.
type lengths struct {
	sync.Mutex
	held               map[string]bool // by model and member
	accepted, otherway int
}

// TestTheServerKeepsTheDocumentedLengths sends every text of a body at its documented length, which is taken, and one character
// longer, which is refused with the member and the limit.
func TestTheServerKeepsTheDocumentedLengths(t *testing.T) {
	t.Parallel()
	documents, all := servedUnder(t, true), &lengths{held: map[string]bool{}}
	t.Run("headings", func(t *testing.T) {
		for _, d := range server.Dialects() {
			headings := headingsOf(t, d.Name)
			for _, r := range d.Routes {
				h, target := headings[r.Method+" "+r.Path], strings.Split(r.Path, "?")[0]
				o := operationAt(documents[d.Name], r.Method, target)
				if h == nil || len(h.takes) == 0 || o == nil {
					continue
				}
				model, definition := bodyModel(documents[d.Name], o)
				if definition == nil {
					continue
				}
				t.Run(fmt.Sprintf("%s %s %s", d.Name, r.Method, strings.ReplaceAll(r.Path, "/", "∕")), func(t *testing.T) {
					t.Parallel()
					w := &walk{t: t, d: d, r: r, h: h, seen: map[*form]bool{}}
					for _, a := range w.attempts() {
						all.hold(w, a, model, definition)
					}
				})
			}
		}
	})
	all.search(t)
	for _, d := range server.Dialects() {
		for name, definition := range documents[d.Name].Definitions {
			for member, m := range definition.Properties {
				if m.MaxLength != nil && !all.held[name+"."+member] {
					t.Errorf("no request has tried the length of %s.%s", name, member)
				}
			}
		}
	}
	t.Logf("%d members; at their length %d were taken and %d refused for another reason", len(all.held), all.accepted, all.otherway)
}

// bodyModel is the model of an operation's body, of its elements if it is a list; nil for none with lengths.
func bodyModel(s *spec.Swagger, o *spec.Operation) (string, *spec.Schema) {
	for _, p := range o.Parameters {
		if p.In != "body" {
			continue
		}
		schema := p.Schema
		if schema.Items != nil {
			schema = schema.Items.Schema
		}
		name := path.Base(schema.Ref.String())
		definition, known := s.Definitions[name]
		if known {
			return name, &definition
		}
	}
	return "", nil
}

// hold tries the members of one kind of body.
func (all *lengths) hold(w *walk, a attempt, model string, definition *spec.Schema) {
	l, another := newLetterLab(w.t, w.name()), newLetterLab(w.t, w.name())
	for name, member := range definition.Properties {
		all.values(w, another, a, name, member.Enum)
		if member.MaxLength == nil {
			continue
		}
		limit := int(*member.MaxLength)
		answer, sent := all.try(w, l, a, name, limit+1)
		if !sent {
			continue
		}
		if text := answer.Body.String(); answer.Code != http.StatusBadRequest || !strings.Contains(text, fmt.Sprintf("%s is longer than %d characters", name, limit)) {
			w.t.Errorf("%s with %d characters: %d %s, want 400 with the member and the limit", name, limit+1, answer.Code, text)
		}
		answer, _ = all.try(w, newLetterLab(w.t, w.name()), a, name, limit)
		taken := answer.Code/100 == 2
		if !taken && (!slices.Contains(ofAForm, name) && !(a.kind > 0 && slices.Contains(ofAForm, name+" of a directory")) || strings.Contains(answer.Body.String(), "longer than")) {
			w.t.Errorf("%s with %d characters: %d %s, want success", name, limit, answer.Code, answer.Body)
		}
		all.note(model+"."+name, taken)
	}
}

func (all *lengths) note(member string, taken bool) {
	all.Lock()
	defer all.Unlock()
	all.held[member] = true
	if taken {
		all.accepted++
	} else {
		all.otherway++
	}
}

// search tries the one text that stands within a list of a body.
func (all *lengths) search(t *testing.T) {
	l := newFixture(t, true)
	header := as(l.tokenAt("idaas", "administrator"))
	for length, want := range map[int]int{200: http.StatusOK, 201: http.StatusBadRequest} {
		body := fmt.Sprintf(`{"searchByAttributes":[{"name":"name","operator":"CONTAINS","value":%q}]}`, strings.Repeat("é", length))
		answer := l.request("POST", "/api/web/v1/groupspaged", body, header)
		if text := answer.Body.String(); answer.Code != want || want != http.StatusOK && !strings.Contains(text, "value is longer than 200 characters") {
			t.Errorf("value with %d characters: %d %s, want %d", length, answer.Code, text, want)
		}
	}
	all.note("SearchAttribute.value", true)
}

// values sends each value that the document lists for a member, which is not blamed, and another, which is.
func (all *lengths) values(w *walk, l *letterLab, a attempt, name string, enum []any) {
	for _, value := range enum {
		answer, sent := all.send(w, l, a, name, value)
		if text := answer.Body.String(); sent && answer.Code/100 != 2 && strings.Contains(text, name) && !strings.HasSuffix(text, `and stays"`) {
			w.t.Errorf("%s: %v is in the document: %d %s", name, value, answer.Code, text)
		}
	}
	if len(enum) == 0 {
		return
	}
	var other any = "Nothing of the kind"
	if _, isNumber := enum[0].(float64); isNumber {
		other = -7
	}
	if answer, sent := all.send(w, l, a, name, other); sent && answer.Code != http.StatusBadRequest {
		w.t.Errorf("%s: %v is not in the document: %d %s, want 400", name, other, answer.Code, answer.Body)
	}
}

// try sends the body with a text of a length for one member; not if the body lacks the member.
func (all *lengths) try(w *walk, l *letterLab, a attempt, name string, length int) (*httptest.ResponseRecorder, bool) {
	return all.send(w, l, a, name, strings.Repeat("é", length))
}

// send sends the body with another value for one member; not if the body has no such member.
func (all *lengths) send(w *walk, l *letterLab, a attempt, name string, value any) (*httptest.ResponseRecorder, bool) {
	who := l.caller("sender of "+name, w, a, slices.Concat(w.r.Need.Alternatives()[0], a.with))
	target, body, header := w.request(l, a, who)
	members := membersIn([]byte(body))
	if _, has := members[name]; !has {
		return httptest.NewRecorder(), false
	}
	text, err := json.Marshal(value)
	must(w.t, err)
	members[name] = text
	changed, err := json.Marshal(members)
	must(w.t, err)
	if strings.HasPrefix(body, "[") {
		changed = fmt.Appendf(nil, "[%s]", changed)
	}
	return l.request(w.r.Method, target, string(changed), header), true
}

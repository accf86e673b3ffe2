package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Member is one member of a record as a heading of the document prints it.
type Member struct {
	Name string
	Of   []Member // what the records within it have, if the heading prints that; else nil
}

// printed are the members that the records of a row's answer have under the contract of the printed document.
type printed struct {
	usual []Member
	alone []Member // of the records that have the first of these members; nil: there are no others than the usual
}

// membersOf reads names between blanks; those within a member stand behind it in braces: "ID Name Rules{ID Value}".
func membersOf(names string) []Member {
	words := strings.Fields(strings.NewReplacer("{", " { ", "}", " } ").Replace(names))
	members, rest := parseMembers(words)
	if len(members) == 0 || len(rest) > 0 {
		panic(fmt.Sprintf("%q is no list of members", names))
	}
	return members
}

func parseMembers(words []string) (members []Member, rest []string) {
	for len(words) > 0 && words[0] != "}" {
		switch last := len(members) - 1; {
		case words[0] != "{":
			members, words = append(members, Member{Name: words[0]}), words[1:]
		case last < 0:
			return nil, words
		default:
			members[last].Of, words = parseMembers(words[1:])
			words = words[min(1, len(words)):]
		}
	}
	return members, words
}

// checkMembers panics if the type, whose JSON the answer is, lacks one of the members.
func checkMembers(t reflect.Type, members []Member) {
	for _, m := range members {
		f, ok := t.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, m.Name) })
		if !ok {
			panic(fmt.Sprintf("%s has no member %s", t, m.Name))
		}
		if m.Of != nil {
			checkMembers(shapeOf(f.Type).of, m.Of)
		}
	}
}

// answer is an answer with the printed members only, in the printed order and spelling: it is a record, or a list of them.
// alone says that it is a record with the members that stand alone.
func (p *printed) answer(body []byte) (shown []byte, alone bool, err error) {
	if p == nil {
		return body, false, nil
	}
	if !bytes.HasPrefix(body, []byte("[")) {
		return p.record(body)
	}
	var records []json.RawMessage
	if err := json.Unmarshal(body, &records); err != nil {
		return nil, false, err
	}
	for i, r := range records {
		if records[i], _, err = p.record(r); err != nil {
			return nil, false, err
		}
	}
	return joined('[', records, ']'), false, nil
}

// record is a record with the printed members. A member that it lacks is null.
func (p *printed) record(body []byte) (shown []byte, alone bool, err error) {
	if p == nil || !bytes.HasPrefix(body, []byte("{")) { // null
		return body, false, nil
	}
	var stored map[string]json.RawMessage
	if err := json.Unmarshal(body, &stored); err != nil {
		return nil, false, err
	}
	values := make(map[string]json.RawMessage, len(stored)) // the document spells a member in several ways
	for name, value := range stored {
		values[strings.ToLower(name)] = value
	}
	members := p.usual
	if p.alone != nil {
		if _, alone = values[strings.ToLower(p.alone[0].Name)]; alone {
			members = p.alone
		}
	}
	pairs := make([]json.RawMessage, 0, len(members))
	for _, m := range members {
		value, known := values[strings.ToLower(m.Name)]
		if !known {
			value = json.RawMessage("null")
		}
		if m.Of != nil {
			if value, _, err = (&printed{usual: m.Of}).answer(value); err != nil {
				return nil, false, err
			}
		}
		pairs = append(pairs, slices.Concat([]byte(`"`+m.Name+`":`), value))
	}
	return joined('{', pairs, '}'), alone, nil
}

func joined(begin byte, parts []json.RawMessage, end byte) []byte {
	text := []byte{begin}
	for i, part := range parts {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, part...)
	}
	return append(text, end)
}

package plugins

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNothingPrintsAPassword(t *testing.T) {
	t.Parallel()
	const secret = "correct horse"
	account := ManagedAccount{AccountName: "root", Password: NewPassword(secret)}
	record := Record{IPAddress: "192.0.2.1", HostDetails: &HostDetails{ManagedSystem: &ManagedSystem{ManagedAccounts: []ManagedAccount{account}}}}
	hidden := struct{ account ManagedAccount }{account} // fmt asks no method of what lies in an unexported member
	var printed []string
	for _, value := range []any{account.Password, &account.Password, account, &account, record, *record.HostDetails, hidden, &hidden, []any{hidden}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T", "%p", "%!"} {
			printed = append(printed, fmt.Sprintf(verb, value))
		}
		text, err := json.Marshal(value)
		printed = append(printed, string(text), errors.Join(err, fmt.Errorf("of %v", value)).Error())
		var log strings.Builder
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		printed = append(printed, log.String())
	}
	shown := false
	for _, text := range printed {
		if strings.Contains(text, secret) || strings.Contains(strings.ToLower(text), fmt.Sprintf("%x", secret)) {
			t.Errorf("it is printed: %s", text)
		}
		shown = shown || strings.Contains(text, `"Password":"(hidden)"`)
	}
	if !shown {
		t.Error("nothing says that there is a password")
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	none, blank := NewPassword(""), NewPassword(" ")
	if !none.IsZero() || none != (Password{}) || none.Reveal() != "" || fmt.Sprint(none) != "" {
		t.Error("the empty text is a password")
	}
	if blank.IsZero() || blank.Reveal() != " " || blank.Equal(none) || !blank.Equal(NewPassword(" ")) {
		t.Error("a blank is no password")
	}
	var read Password
	if err := json.Unmarshal([]byte(`"(hidden)"`), &read); err != nil || read.Reveal() != "(hidden)" {
		t.Errorf("what was written is read as %q, %v", read.Reveal(), err)
	}
}

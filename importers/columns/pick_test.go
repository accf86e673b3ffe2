package columns

import (
	"strings"
	"testing"
)

func TestHostName(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		" srv01.corp.example ": "srv01.corp.example", "srv_01": "srv_01", "größe.example": "größe.example", `CORP\SRV01`: `CORP\SRV01`, "1": "1",
		"": "", "n/a": "", "--": "", "192.0.2.1": "", "two words": "", "<script>": "", "a,b": "", "line\nend": "",
		strings.Repeat("a", 256): "", "http://shop.example": "",
	} {
		if got := hostName(cell); got != want {
			t.Errorf("hostName(%q) is %q, want %q", cell, got, want)
		}
	}
}

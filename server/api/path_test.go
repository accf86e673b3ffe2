package api

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSpelledPathsStayAsTheyAre draws paths of which some are spelled as the rows are: those that go to Gin as they are would be
// the same after spelling them.
func TestSpelledPathsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	var rows literals
	for _, path := range []string{"Assets", "Assets/{id}/Attributes", "Assets/Search", "Workgroups/{name}", "Workgroups/{name}/Assets", "2/Nodes/{id}"} {
		rows.add(split(path))
	}
	rapid.Check(t, func(t *rapid.T) {
		segments := rapid.SliceOfN(rapid.SampledFrom([]string{"Assets", "assets", "Search", "Workgroups", "Attributes", "2", "17", "", "a b", "%41", "+", "ä", "{id}"}), 1, 4)
		path := "/" + strings.Join(segments.Draw(t, "segments"), "/")
		if spelled := rows.spell(split(path)); rows.isSpelled(path) && spelled != path {
			t.Errorf("%s would be %s", path, spelled)
		}
	})
	for path, want := range map[string]bool{
		"/Assets": true, "/Assets/17": true, "/Assets/17/Attributes": true, "/2/Nodes/3": true, "": false, "/": false, "/Assets/": false, "/assets/17": false,
		"/Workgroups/17/Assets": true, "/Workgroups/Fleet/Assets": false, "/Assets/%31": false,
	} {
		if got := rows.isSpelled(path); got != want {
			t.Errorf("%q: %v, want %v", path, got, want)
		}
	}
}

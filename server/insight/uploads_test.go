package insight

import (
	"errors"
	"strings"
	"testing"

	"github.com/musterhq/muster/server/api"
)

// TestUploadsAreBounded has 32 of a user and 256 altogether; one that ends makes room for another.
func TestUploadsAreBounded(t *testing.T) {
	t.Parallel()
	u := uploads{of: map[int]int{}}
	begin := func(userID int, refused string) {
		t.Helper()
		err := u.begin(userID)
		if (err != nil) != (refused != "") || err != nil && (!errors.Is(err, api.ErrOccupied) || !strings.Contains(err.Error(), refused)) {
			t.Fatalf("an upload of user %d: %v, want %q", userID, err, refused)
		}
	}
	const users = 256 / 32
	for user := range users {
		for range 32 {
			begin(user, "")
		}
		if user+1 < users {
			begin(user, "32 files of this user")
		}
	}
	begin(users, "256 files")
	u.end(0)
	begin(users, "")
	begin(users, "256 files")
	u.end(users)
	begin(0, "")
	if u.all != 256 || len(u.of) != users {
		t.Errorf("%d uploads of %d users are counted", u.all, len(u.of))
	}
}

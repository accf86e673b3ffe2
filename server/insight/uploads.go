package insight

import (
	"fmt"
	"sync"

	"github.com/musterhq/muster/server/api"
)

// How many uploads may be on their way at a time. Each has a file and some buffers, however slowly it comes.
const (
	maxUploads     = 256
	maxUploadsEach = 32 // of a user, so that nobody keeps the others from importing
)

// uploads counts those that are on their way, by user.
type uploads struct {
	mu  sync.Mutex
	of  map[int]int
	all int
}

// begin takes a user's upload in, or returns an error that wraps api.ErrOccupied.
func (u *uploads) begin(userID int) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.of[userID] >= maxUploadsEach:
		return fmt.Errorf("%w: %d files of this user are being uploaded", api.ErrOccupied, maxUploadsEach)
	case u.all >= maxUploads:
		return fmt.Errorf("%w: %d files are being uploaded", api.ErrOccupied, maxUploads)
	}
	u.of[userID]++
	u.all++
	return nil
}

func (u *uploads) end(userID int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all--
	if u.of[userID]--; u.of[userID] == 0 {
		delete(u.of, userID)
	}
}

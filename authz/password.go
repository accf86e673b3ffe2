package authz

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
)

// MaxPassword is the longest password, in bytes. A longer one is refused and never cut, which would make two
// passwords the same.
const MaxPassword = 1024

// The cost of a password: argon2id with 19 MiB, two passes and one lane, the first choice of the OWASP cheat sheet.
const (
	passwordMemory = 19 << 10 // KiB
	passwordPasses = 2
	passwordLanes  = 1
	passwordSalt   = 16 // bytes
	passwordKey    = 32 // bytes

	hasherPatience = 2 * time.Second
)

var (
	// ErrPassword is returned for a password that is too long, and by Hash for an empty one.
	ErrPassword = errors.New("a password has 1 to 1024 bytes")
	// ErrTooMany is returned when no computation could begin within two seconds.
	ErrTooMany = errors.New("too many sign-ins at once")
	// ErrHash is returned for a stored hash that Hash cannot have made, or that costs more than a server should spend.
	ErrHash = errors.New("malformed password hash")
)

// Hasher hashes passwords with argon2id. It bounds how many are computed at once, and so what strangers can make the
// server spend: 19 MiB and some tens of milliseconds of one core each. It may be used concurrently.
type Hasher struct {
	slots    chan struct{}
	computed atomic.Int64
	cost     passwordHash // of new hashes: its salt and key are zero, which makes it the decoy
}

// NewHasher returns a Hasher for that many computations at once; fewer than one counts as one.
func NewHasher(parallel int) *Hasher { return newHasher(parallel, passwordMemory, passwordPasses) }

// CheapHasher is NewHasher with hashes that cost next to nothing and protect nothing: for tests that make many stores.
func CheapHasher(parallel int) *Hasher { return newHasher(parallel, 8, 1) }

func newHasher(parallel int, memory, passes uint32) *Hasher {
	cost := passwordHash{memory: memory, passes: passes, lanes: passwordLanes, salt: make([]byte, passwordSalt), key: make([]byte, passwordKey)}
	return &Hasher{slots: make(chan struct{}, max(parallel, 1)), cost: cost}
}

// Decoy is a hash that no password has and that costs what Hash does. A sign-in for an unknown user is checked against it, so
// that it takes as long as one for a known user with a wrong password.
func (h *Hasher) Decoy() string { return h.cost.String() }

// Computed is how many computations have begun so far.
func (h *Hasher) Computed() int64 { return h.computed.Load() }

// Hash returns the hash of a password with a new salt, in the PHC string format. It returns ErrPassword, ErrTooMany
// or the cause of the context's end.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if password == "" || len(password) > MaxPassword {
		return "", ErrPassword
	}
	hash := h.cost
	hash.salt = random(passwordSalt)
	key, err := h.compute(ctx, hash, password)
	if err != nil {
		return "", err
	}
	hash.key = key
	return hash.String(), nil
}

// Check reports whether hash is of that password; a wrong password is no error. It returns ErrPassword for one that
// is too long, ErrHash, ErrTooMany or the cause of the context's end.
func (h *Hasher) Check(ctx context.Context, hash, password string) (bool, error) {
	if len(password) > MaxPassword {
		return false, ErrPassword
	}
	want, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	got, err := h.compute(ctx, want, password)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want.key) == 1, nil
}

// compute returns the key of a password under the salt and the cost of like, once it is its turn.
func (h *Hasher) compute(ctx context.Context, like passwordHash, password string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, hasherPatience, ErrTooMany)
	defer cancel()
	if ctx.Err() != nil { // select would choose at random between this and a free slot
		return nil, context.Cause(ctx)
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	h.computed.Add(1)
	return argon2.IDKey([]byte(password), like.salt, like.passes, like.memory, like.lanes, uint32(len(like.key))), nil
}

// passwordHash is a PHC string in parts.
type passwordHash struct {
	memory, passes uint32 // memory in KiB
	lanes          uint8
	salt, key      []byte
}

func (p passwordHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.lanes,
		base64.RawStdEncoding.EncodeToString(p.salt), base64.RawStdEncoding.EncodeToString(p.key))
}

// parseHash reads a PHC string. The bounds leave room for a dearer cost in a later version, not for a damaged record
// that takes the memory of the whole server; that it prints as it was read makes it exact.
func parseHash(text string) (passwordHash, error) {
	var p passwordHash
	fields := strings.Split(text, "$")
	if len(text) > 256 || len(fields) != 6 {
		return p, ErrHash
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); err != nil {
		return p, ErrHash
	}
	var errs [2]error
	p.salt, errs[0] = base64.RawStdEncoding.DecodeString(fields[4])
	p.key, errs[1] = base64.RawStdEncoding.DecodeString(fields[5])
	if errors.Join(errs[:]...) != nil ||
		!between(8, p.memory, 64<<10) || !between(1, p.passes, 8) || !between(1, p.lanes, 4) ||
		!between(8, len(p.salt), 64) || !between(16, len(p.key), 64) || p.String() != text {
		return p, ErrHash
	}
	return p, nil
}

func between[N int | uint8 | uint32](low, n, high N) bool { return low <= n && n <= high }

package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/musterhq/muster/store/record"
)

// Limit is how many sign-ins may fail within a time before no more are checked for as long. The zero Limit is none.
type Limit struct {
	Failures int
	Time     time.Duration
}

// The bounds of a Limit.
const (
	maxFailures    = 1000
	maxLockoutTime = 24 * time.Hour
)

// ParseLimit reads "5/15m", five failures in fifteen minutes, or "off". The error says what is expected.
func ParseLimit(s string) (Limit, error) {
	if s == "off" {
		return Limit{}, nil
	}
	count, span, _ := strings.Cut(s, "/")
	n, err1 := strconv.Atoi(count)
	d, err2 := time.ParseDuration(span)
	if err1 != nil || err2 != nil || n < 1 || n > maxFailures || d < time.Second || d > maxLockoutTime {
		return Limit{}, Invalid("off, or failures/time such as 5/15m is expected, 1 to %d and 1s to %v, not %q", maxFailures, maxLockoutTime, record.AuditText(s))
	}
	return Limit{n, d}, nil
}

// String is what ParseLimit reads.
func (l Limit) String() string {
	if l.off() {
		return "off"
	}
	return fmt.Sprintf("%d/%v", l.Failures, l.Time)
}

func (l Limit) off() bool { return l.Failures == 0 }

// Lockout is what is held against an account or an address: sign-ins that failed a short while ago.
type Lockout struct {
	Of       string // the account or the address; see counted
	Failures []FailedSignIn
	Until    Time // no sign-in is checked before it; null: not locked
	Ends     Time // nothing of it counts from then on

	ahead bool // a clock made it that has been set back since, and what is stored still says so
}

// FailedSignIn is a sign-in that was checked and refused.
type FailedSignIn struct {
	At   Time
	From string // address, as counted spells it
}

// What is counted, as the beginning of its key.
const (
	accountPrefix = "account "
	addressPrefix = "address "
)

// accountKey is the one key under which an account is counted, however its name is spelled: that of the user, if there is one
// of the name, else the name taken apart in the same way. Unknown names are counted and locked like known ones.
func accountKey(u *User, name string) string {
	domain, plain := "", name
	if u != nil {
		domain, plain = string(u.DomainName), u.UserName
	} else if before, behind, ok := strings.Cut(name, `\`); ok {
		domain, plain = before, behind
	} else if at := strings.LastIndexByte(name, '@'); at > 0 {
		domain, plain = name[at+1:], name[:at]
	}
	key := record.Fold(strings.TrimSpace(domain)) + `\` + record.Fold(strings.TrimSpace(plain))
	if len(key) > 512 { // no user's; all of it must still tell names apart
		key = fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
	}
	return accountPrefix + key
}

// addressKey is the key under which an address is counted, empty for none (the unix socket). Whoever has one address of
// IPv6 has a /64 of them, so that is what counts.
func addressKey(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	if addr = addr.Unmap().WithZone(""); addr.Is6() {
		return addressPrefix + netip.PrefixFrom(addr, 64).Masked().String()
	}
	return addressPrefix + addr.String()
}

func isLoopback(address string) bool {
	addr, err := netip.ParseAddr(address)
	return err == nil && addr.Unmap().IsLoopback()
}

// limitOf is the limit that holds for a key.
func (db *DB) limitOf(key string) Limit {
	switch {
	case strings.HasPrefix(key, accountPrefix):
		return db.lockouts.Accounts
	case strings.HasPrefix(key, addressPrefix):
		return db.lockouts.Addresses
	}
	return Limit{}
}

// lockoutOf reads what is held against a key at the moment of the transaction, an empty one if nothing.
func lockoutOf(tx *Tx, key string) (*Lockout, error) {
	l, err := Lockouts.Get(tx, key)
	if errors.Is(err, ErrNotFound) || err == nil && !l.Until.IsZero() && !tx.Now.Before(l.Until) {
		return &Lockout{Of: key}, nil // what led to a lock is over with it
	}
	if err != nil {
		return nil, err
	}
	l.bound(tx.Now, dbOf(tx).limitOf(key))
	for len(l.Failures) > 0 && tx.Now.Sub(l.Failures[0].At) >= dbOf(tx).limitOf(key).Time {
		l.Failures = l.Failures[1:]
	}
	return l, nil
}

// bound brings back what lies further ahead than a lock may last: a clock made it that has been set back since.
func (l *Lockout) bound(now Time, limit Limit) {
	back := func(t *Time, latest Time) {
		if latest.Before(*t) {
			*t, l.ahead = latest, true
		}
	}
	back(&l.Until, now.Add(limit.Time))
	back(&l.Ends, now.Add(limit.Time))
	for i := range l.Failures {
		back(&l.Failures[i].At, now)
	}
}

// left is how many more failures a key may have; 0: it is locked.
func (l *Lockout) left(limit Limit) int {
	if !l.Until.IsZero() {
		return 0
	}
	return max(limit.Failures-len(l.Failures), 0)
}

// failuresLeft is left of a key as it is now.
func (db *DB) failuresLeft(ctx context.Context, key string) (int, error) {
	l, err := View(ctx, db, System("store"), func(tx *Tx) (*Lockout, error) { return lockoutOf(tx, key) })
	if err == nil && l.ahead {
		err = record.Ignore(ErrNoSpace, FollowClock(record.Impatient(ctx), db)) // all at once: another lock may hide behind this one
	}
	if err != nil {
		return 0, err
	}
	return max(l.left(db.limitOf(key))-db.failuresOwed(key, record.At(db.Now())), 0), nil
}

// countFailure holds a refused sign-in against a key, and locks it when that was the last one it had left. It returns the
// lock that it made, nil if it made none.
func countFailure(tx *Tx, key string) (locked *Lockout, err error) {
	limit := dbOf(tx).limitOf(key)
	if limit.off() {
		return nil, nil
	}
	l, err := lockoutOf(tx, key)
	if err != nil || l.left(limit) == 0 {
		return nil, err // of tries that began before a lock, none makes it longer
	}
	l.Failures = append(l.Failures, FailedSignIn{At: tx.Now, From: addressKey(tx.By.IPAddress)})
	l.Ends = tx.Now.Add(limit.Time)
	if len(l.Failures) < limit.Failures {
		return nil, saveLockout(tx, l)
	}
	l.Until = l.Ends
	details := []UserAuditDetail{record.Detail("Locked", "", key), record.Detail("Failures", "", len(l.Failures)), record.Detail("Until", "", l.Until)}
	return l, cmp.Or(tx.Audit(record.ActionLockout, record.SectionAuthentication, details...), saveLockout(tx, l))
}

// warnOf says in the log whom a lock is for, until when, and how it is lifted.
func (db *DB) warnOf(l *Lockout) {
	db.Log().Warn("locked after failed sign-ins", "locked", l.Of, "until", l.Until.String(), "unlock", db.unlock+" "+unlockArgument(l.Of),
		"see", RefusedPage)
}

// unlockArgument is what Unlock takes for a key, spelled for a shell: anybody may have chosen the name in it.
func unlockArgument(key string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(key, addressPrefix), accountPrefix)
	if plain := strings.TrimPrefix(name, `\`); !strings.ContainsAny(plain, `\@`) {
		name = plain // a local account
	}
	if plain := strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.:/_-@") == ""; plain && !strings.HasPrefix(name, "-") && name != "" {
		return name
	}
	return "-- '" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// forgive takes the failures of an account that came from the same address as a sign-in that succeeded. Those from elsewhere
// stay: otherwise the user's own sign-ins would give a stranger new tries all the time.
func forgive(tx *Tx, account string) error {
	l, err := lockoutOf(tx, account)
	if err != nil {
		return err
	}
	from, kept := addressKey(tx.By.IPAddress), []FailedSignIn{}
	for _, f := range l.Failures {
		if f.From != from {
			kept = append(kept, f)
		}
	}
	if len(kept) == len(l.Failures) || !l.Until.IsZero() {
		return nil
	}
	if l.Failures = kept; len(kept) == 0 {
		return Lockouts.Delete(tx, account)
	}
	return saveLockout(tx, l)
}

func saveLockout(tx *Tx, l *Lockout) error {
	known, err := Lockouts.Has(tx, l.Of)
	switch {
	case err != nil:
		return err
	case known:
		return Lockouts.Put(tx, l)
	}
	return Lockouts.Insert(tx, l)
}

// Unlock forgets what is held against an account, by a name or a ClientID of it, or against an address, and audits it. It
// returns ErrNotFound if nothing is.
func Unlock(tx *Tx, nameOrAddress string) error {
	u, err := UserByName(tx, nameOrAddress)
	if errors.Is(err, ErrNotFound) {
		u, err = UserByClientID(tx, nameOrAddress)
	}
	if record.Ignore(ErrNotFound, err) != nil {
		return err
	}
	found := false
	address := strings.TrimSuffix(nameOrAddress, "/64") // as audits print one of IPv6
	keys := []string{accountKey(u, nameOrAddress), addressKey(address)}
	if named := accountPrefix + nameOrAddress; named != keys[0] { // as audits print one, be it of a name that is too long
		keys = append(keys, named)
	}
	for _, key := range keys {
		if key == "" {
			continue
		}
		l, err := Lockouts.Get(tx, key)
		if record.Ignore(ErrNotFound, err) != nil {
			return err
		}
		if err != nil || !tx.Now.Before(l.Ends) {
			continue
		}
		found = true
		if err := cmp.Or(Lockouts.Delete(tx, key), tx.Audit(record.ActionUnlock, record.SectionAuthentication, record.Detail("Unlocked", key, ""))); err != nil {
			return err
		}
	}
	if !found {
		return record.Error(ErrNotFound, "no failed sign-in is held against %q", record.AuditText(nameOrAddress))
	}
	return nil
}

package store

import (
	"errors"
	"slices"
	"sync"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// everyone is the epoch that a change of groups and registrations moves; the others are of the user with that id.
const everyone = 0

// epochTag begins the keys of the epochs.
const epochTag = "ep"

func epochKey(user int) []byte { return append([]byte(epochTag+"="), K(user)...) }

// bump moves an epoch: a user who signed in before it is looked at again at the next request. It is one blind
// write, however many users it concerns, since what counts is only that the value is another one.
func bump(tx *Tx, user int) error {
	value, err := tx.NextID(epochTag, 1)
	if err != nil {
		return err
	}
	return tx.Writer.Set(epochKey(user), K(value))
}

// Epochs are the moments of a user's rights: that of their own records and that of everybody's.
type Epochs = [2]int

// Rights are what a user may do by their groups at one moment.
type Rights struct {
	User   *User
	Groups []int // active ones, ascending
	Admin  bool
	Grants map[authz.Permission]authz.Level
	Epochs Epochs
}

// RightsOf reads what a user may do now. It returns ErrSignIn, with the reason, for one who is gone, inactive or quarantined.
func RightsOf(tx *Tx, userID int) (*Rights, error) {
	r := &Rights{Grants: map[authz.Permission]authz.Level{}}
	var err error
	if r.Epochs, err = epochs(tx, userID); err != nil {
		return nil, err
	}
	r.User, err = Users.Get(tx, userID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, authz.Refuse(ErrSignIn, authz.UnknownUser)
	case err != nil:
		return nil, err
	case r.User.IsQuarantined:
		return nil, authz.Refuse(ErrSignIn, authz.QuarantinedUser)
	case !r.User.IsActive:
		return nil, authz.Refuse(ErrSignIn, authz.InactiveUser)
	}
	for group, err := range GroupMember.To(tx, userID) {
		if err == nil {
			err = r.join(tx, group.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// join adds what an active group brings: the highest level of each permission counts. A deleted group that is not
// swept yet brings nothing.
func (r *Rights) join(tx *Tx, groupID int) error {
	group, err := UserGroups.Get(tx, groupID)
	if err != nil || !group.IsActive {
		return record.Ignore(ErrNotFound, err) // a group may be gone before its links are
	}
	r.Groups = append(r.Groups, groupID)
	if groupID == Administrators {
		r.Admin = true
	}
	for grant, err := range GroupPermission.From(tx, groupID) {
		if err != nil {
			return err
		}
		p := authz.Permission(grant.ID)
		r.Grants[p] |= authz.Level(grant.Value)
	}
	return nil
}

// MayUse reports whether one of the user's groups lists an API registration.
func (r *Rights) MayUse(tx *Tx, registrationID int) (bool, error) {
	for group, err := range GroupRegistration.To(tx, registrationID) {
		if err != nil || slices.Contains(r.Groups, group.ID) {
			return err == nil, err
		}
	}
	return false, nil
}

// epochs reads a user's epochs by point reads, so that a transaction which writes is run again when they move.
func epochs(tx *Tx, userID int) (Epochs, error) {
	var e Epochs
	values, err := tx.Reader.Get(epochKey(userID), epochKey(everyone))
	if err != nil {
		return e, err
	}
	for i, v := range values {
		if v == nil {
			continue
		}
		if e[i], _, err = record.CutInt(v); err != nil {
			return e, err
		}
	}
	return e, nil
}

// rightsMemory remembers what a token is worth at given epochs once they have moved on from the token's own, so
// that a change of rights costs each caller one look, not one a request.
type rightsMemory struct {
	mu     sync.Mutex
	claims map[string]*authz.Claims // by token id
}

// rememberedTokens bounds the memory; forgetting costs no more than reading the rights again.
const rememberedTokens = 10_000

func (m *rightsMemory) get(id string, e Epochs) *authz.Claims {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.claims[id]; c != nil && c.Epochs == e {
		return c
	}
	return nil
}

func (m *rightsMemory) put(id string, c *authz.Claims) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.claims == nil || len(m.claims) >= rememberedTokens {
		m.claims = map[string]*authz.Claims{}
	}
	m.claims[id] = c
}

// registrationMemory remembers the registrations as they are at an epoch of everyone's, since every request asks one
// whether it lets the caller's address in.
type registrationMemory struct {
	mu    sync.Mutex
	epoch int
	byID  map[int]*ApiRegistration
}

func (m *registrationMemory) get(id, epoch int) *ApiRegistration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch {
		return nil
	}
	return m.byID[id]
}

func (m *registrationMemory) put(r *ApiRegistration, epoch int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch != epoch || m.byID == nil {
		m.epoch, m.byID = epoch, map[int]*ApiRegistration{}
	}
	m.byID[r.Id] = r
}

// admitted returns ErrSignIn unless the registration of a session lets the actor's address in.
func admitted(tx *Tx, registrationID int, e Epochs) error {
	if registrationID == 0 {
		return nil // made on the host
	}
	r := dbOf(tx).registrations.get(registrationID, e[1])
	if r == nil {
		var err error
		if r, err = ApiRegistrations.Get(tx, registrationID); errors.Is(err, ErrNotFound) {
			return authz.Refuse(ErrSignIn, authz.InactiveRegistration)
		} else if err != nil {
			return err
		}
		dbOf(tx).registrations.put(r, e[1])
	}
	if !r.Admits(tx.By) {
		return authz.Refuse(ErrSignIn, authz.AddressRule)
	}
	return nil
}

// ruleManagement is the permission to manage the Smart Rules of a type.
var ruleManagement = map[string]authz.Permission{
	AssetRule:          authz.SmartRuleManagementAsset,
	ManagedSystemRule:  authz.SmartRuleManagementManagedSystem,
	ManagedAccountRule: authz.SmartRuleManagementManagedAccount,
}

// makersLevel returns the access level that a group of its maker gets to a new rule.
func makersLevel(tx *Tx, groupID int, ruleType string) (authz.Level, error) {
	for _, p := range []authz.Permission{authz.AssetManagement, ruleManagement[ruleType]} {
		level, _, err := GroupPermission.Get(tx, groupID, int(p))
		if err != nil || !authz.Level(level).Includes(authz.ReadWrite) {
			return authz.Read, err
		}
	}
	return authz.ReadWrite, nil
}

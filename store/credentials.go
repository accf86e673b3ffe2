package store

import (
	"cmp"
	"errors"
	"strings"
	"time"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// The kinds of secrets that a managed account has.
const (
	PasswordSecret   = "password"
	KeySecret        = "dsskey"
	PassphraseSecret = "passphrase"
)

// CredentialOf returns the secret of the account of an active request of the actor, and leaves a row in the audit. It returns
// ErrNotFound for a request that is over, CodeNotApproved for a pending one and CodeNoRole for another's.
func CredentialOf(tx *Tx, requestID int, kind string) (string, error) {
	r, err := ownRequest(tx, requestID)
	if err != nil {
		return "", err
	}
	switch r.StatusAt(tx.Now) {
	case RequestPending:
		return "", CodeNotApproved
	case RequestActive:
	default:
		return "", record.Error(ErrNotFound, "Request %d not found or not active", requestID)
	}
	secret, err := giveOut(tx, r.AccountID, r.RequestID, kind)
	if err != nil || r.IsRead {
		return secret, err
	}
	r.IsRead = true
	return secret, Requests.Put(tx.Unaudited(), r)
}

// RequestAsISA makes an active request of the actor, which needs no approval, and returns the secret of the account. It returns
// CodeNoRole unless they are an ISA for it. duration is in minutes; 0: the account's.
func RequestAsISA(tx *Tx, systemID, accountID, duration int, reason, kind string) (string, error) {
	account, roles, err := requestable(tx, systemID, accountID, RoleISA)
	if err != nil {
		return "", err
	}
	if is, err := roles.On(account, RoleISA); err != nil || !is {
		return "", cmp.Or(err, error(CodeNoRole))
	}
	duration = cmp.Or(duration, account.ISAReleaseDuration)
	if err := cmp.Or(within("DurationMinutes", duration, longestRelease), short("Reason", reason, maxReason)); err != nil {
		return "", err
	}
	r := newRequest(tx, account, duration)
	r.Reason, r.IsISA, r.IsRead = Text(reason), true, true
	if err := Requests.Insert(tx, r); err != nil {
		return "", err
	}
	return giveOut(tx, accountID, r.RequestID, kind)
}

// giveOut returns a secret of an account, ErrNotFound if it has none of that kind.
func giveOut(tx *Tx, accountID, requestID int, kind string) (string, error) {
	secrets, err := secretsOf(tx, accountID)
	if err != nil {
		return "", err
	}
	var secret string
	switch kind = cmp.Or(strings.ToLower(kind), PasswordSecret); kind {
	case PasswordSecret:
		secret = secrets.Password
	case KeySecret:
		secret = secrets.PrivateKey
	case PassphraseSecret:
		secret = secrets.Passphrase
	default:
		return "", Invalid("type: %s, %s or %s is expected", PasswordSecret, KeySecret, PassphraseSecret)
	}
	if secret == "" {
		return "", record.Error(ErrNotFound, "Managed Account %d has no %s", accountID, kind)
	}
	return secret, tx.Audit(record.ActionPasswordAccess, ManagedAccounts.Name(), record.Detail("ManagedAccountID", "", accountID),
		record.Detail("RequestID", "", requestID), record.Detail("Type", "", kind))
}

// NewCredential is what an account's secrets are to be. Empty members stay as they are, but for the password if the key is not given
// either: then a new one is made.
type NewCredential struct {
	AccountSecrets
	PublicKey    string
	UpdateSystem bool // the system gets them too
}

// SetCredential gives the account that find returns new secrets, for those who may manage accounts, for an ISA and for a Credentials
// Manager. It returns ErrInvalid if the system is to get them and cannot be reached, and an ErrDenied for others before they learn
// which accounts there are.
func SetCredential(tx *Tx, find func(*Tx) (*AccountOnSystem, error), n NewCredential) error {
	level, err := PermissionLevel(tx, authz.PasswordSafeAccountManagement)
	if err != nil {
		return err
	}
	roles, err := RolesOfActor(tx)
	if err != nil {
		return err
	}
	manages := level.Includes(authz.ReadWrite)
	if !manages && !roles.Any(RoleISA, RoleCredentialsManager) {
		return errCredentials()
	}
	a, err := find(tx)
	if err != nil {
		return err
	}
	if !manages {
		if may, err := roles.On(a, RoleISA, RoleCredentialsManager); err != nil || !may {
			return cmp.Or(err, errCredentials())
		}
	}
	return changeCredential(tx, a, n)
}

func errCredentials() error {
	return Denied(authz.Writes(authz.PasswordSafeAccountManagement).Required())
}

// ChangeCredential is SetCredential for whom the row has admitted. With queue, a system that cannot be reached gets the new password
// when it can be reached again.
func ChangeCredential(tx *Tx, a *AccountOnSystem, n NewCredential, queue bool) error {
	n.UpdateSystem = true
	reachable, err := IsReachable(tx, a.System)
	if err != nil {
		return err
	}
	if queue && !reachable {
		a.ChangeState = changeQueued
		return ManagedAccounts.Put(tx, a.ManagedAccount)
	}
	return changeCredential(tx, a, n)
}

// ChangeCredentialsOn gives all accounts of a managed system new passwords, when it can be reached.
func ChangeCredentialsOn(tx *Tx, systemID int) error {
	if _, err := ManagedSystemByID(tx, systemID); err != nil {
		return err
	}
	for a, err := range AccountsOnSystem(tx, systemID) {
		if err == nil {
			err = ChangeCredential(tx, a, NewCredential{}, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func changeCredential(tx *Tx, a *AccountOnSystem, n NewCredential) error {
	if err := n.check(tx, a); err != nil {
		return err
	}
	secrets, err := secretsOf(tx, a.ManagedAccountID)
	if err != nil {
		return err
	}
	old := cmp.Or(secrets.OnSystem, secrets.Password)
	if n.Password == "" && n.PrivateKey == "" {
		n.Password = authz.NewPassword()
	}
	if n.Password != "" {
		secrets.Password, secrets.OnSystem = n.Password, ""
		if !n.UpdateSystem {
			secrets.OnSystem = old // which knows nothing of the new one
		}
	}
	if n.PrivateKey != "" {
		secrets.PrivateKey, secrets.Passphrase = n.PrivateKey, n.Passphrase
	}
	if err := setSecrets(tx, a.ManagedAccountID, secrets); err != nil {
		return err
	}
	return a.ManagedAccount.changed(tx)
}

// check returns an ErrInvalid for secrets that an account cannot have, or that its system cannot get.
func (n *NewCredential) check(tx *Tx, a *AccountOnSystem) error {
	reachable, err := IsReachable(tx, a.System)
	switch {
	case err != nil:
		return err
	case n.UpdateSystem && !reachable:
		return Invalid("the system %s cannot be reached", a.System.SystemName)
	case n.UpdateSystem && n.PrivateKey != "" && n.PublicKey == "":
		return Invalid("PublicKey is required beside PrivateKey while UpdateSystem is true")
	}
	return cmp.Or(short("Password", n.Password, maxPassword), short("PrivateKey", n.PrivateKey, maxKey), short("Passphrase", n.Passphrase, maxPassword))
}

// changeQueued is the ChangeState of an account whose system is to get a password when it can be reached; maxKey is the longest key.
const (
	changeQueued = 2
	maxKey       = 16_384
)

// changed notes on an account that its password is another one.
func (a *ManagedAccount) changed(tx *Tx) error {
	a.LastChangeDate, a.ChangeState, a.IsChanging = tx.Now, 0, false
	if a.Normalize(); a.AutoManagementFlag {
		a.NextChangeDate = a.nextChange(tx.Now)
	}
	return ManagedAccounts.Put(tx, a)
}

// nextChange is when the password of an account changes after a moment.
func (a *ManagedAccount) nextChange(after Time) Time {
	at, err := time.Parse("15:04", a.ChangeTime)
	if err != nil {
		return Time{} // no account has such a time
	}
	now := time.Time(after).UTC()
	day := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, at.Hour(), at.Minute(), 0, 0, time.UTC)
	}
	switch a.ChangeFrequencyType {
	case changeXDays:
		return record.At(day(now.Year(), now.Month(), now.Day()+a.ChangeFrequencyDays))
	case changeLast:
		if end := day(now.Year(), now.Month()+1, 0); end.After(now) {
			return record.At(end)
		}
		return record.At(day(now.Year(), now.Month()+2, 0))
	}
	return record.At(day(now.Year(), now.Month()+1, 1))
}

// TestCredential reports whether the system of an account has the password that is stored for it.
func TestCredential(tx *Tx, a *AccountOnSystem) (bool, error) {
	reachable, err := IsReachable(tx, a.System)
	if err != nil || !reachable {
		return false, err
	}
	secrets, err := secretsOf(tx, a.ManagedAccountID)
	return err == nil && secrets.Password != "" && secrets.OnSystem == "", err
}

// rotate gives an account a new password after a release. One whose system cannot be reached is queued.
func rotate(tx *Tx, a *ManagedAccount) error {
	s, err := ManagedSystems.Get(tx, a.ManagedSystemID)
	if err != nil {
		return record.Ignore(ErrNotFound, err)
	}
	return ChangeCredential(tx, &AccountOnSystem{a, s}, NewCredential{}, true)
}

// secretsOf returns the secrets of an account, empty ones if it has none.
func secretsOf(tx *Tx, accountID int) (*AccountSecrets, error) {
	p, err := AccountPasswords.Get(tx, accountID)
	if errors.Is(err, ErrNotFound) {
		return &AccountSecrets{}, nil
	}
	if err != nil {
		return nil, err
	}
	return p.open(tx)
}

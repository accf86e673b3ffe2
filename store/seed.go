package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/store/record"
)

// FirstStart is what the first administrator and the first API clients of a new store sign in with.
type FirstStart struct {
	User         string // the administrator's name
	Password     string
	ApiKey       string // of the "muster" ApiKeyPolicy registration
	ClientID     string // of the Application user
	ClientSecret string
}

// The names of what a new store holds.
const (
	firstOrganization = "Default Organization"
	firstWorkgroup    = "BeyondTrust Workgroup" // published scripts name it
	firstApplication  = "muster"
)

// seed returns what lays down the catalogues of a new store and the first administrator.
func seed(ctx context.Context, hasher *authz.Hasher, first FirstStart) (func(*Tx) error, error) {
	hash, err := hasher.Hash(ctx, first.Password)
	if err != nil {
		return nil, fmt.Errorf("seed the store: %w", err)
	}
	return func(tx *Tx) error {
		registrations, err := seedRegistrations(tx, first.ApiKey)
		if err != nil {
			return err
		}
		if err := errors.Join(
			seedPlaces(tx), seedAttributes(tx), seedPlatforms(tx), seedAccessPolicies(tx),
			seedAdministrators(tx, registrations), seedRules(tx.Unaudited()), saveKeys(tx, authz.NewKeys()),
		); err != nil {
			return err
		}
		administrator := &User{
			UserType: BeyondInsightType, UserName: first.User, FirstName: "Lab", LastName: "Administrator",
			EmailAddress: Text(first.User + "@lab.example"), IsActive: true,
		}
		if err := seedUser(tx, administrator, &UserSecret{Password: hash}); err != nil {
			return err
		}
		application := &User{
			UserType: ApplicationType, UserName: firstApplication, ClientID: Text(record.Fold(first.ClientID)), AccessPolicyID: DefaultAccessPolicy,
			IsActive: true,
		}
		return seedUser(tx, application, &UserSecret{Client: authz.HashClientSecret(first.ClientSecret)})
	}, nil
}

func seedPlaces(tx *Tx) error {
	o := &Organization{OrganizationID: uuid.NewString(), Name: firstOrganization, IsActive: true}
	if err := Organizations.Insert(tx, o); err != nil {
		return err
	}
	if err := tx.Writer.Set(record.StoreKey(defaultOrganization), []byte(o.OrganizationID)); err != nil {
		return err
	}
	return Workgroups.Insert(tx, &Workgroup{OrganizationID: o.OrganizationID, Name: firstWorkgroup})
}

func seedRegistrations(tx *Tx, key string) ([]*ApiRegistration, error) {
	registrations := []*ApiRegistration{
		{Name: "muster key", RegistrationType: ApiKeyPolicy, Active: true, Visible: true},
		{Name: "muster token", RegistrationType: ApiAccessPolicy, Active: true, Visible: true},
	}
	for _, r := range registrations {
		if err := ApiRegistrations.Insert(tx, r); err != nil {
			return nil, err
		}
	}
	return registrations, SetApiKey(tx, registrations[0].Id, authz.FoldAPIKey(key))
}

func seedAdministrators(tx *Tx, registrations []*ApiRegistration) error {
	group := &UserGroup{GroupID: Administrators, Name: "Administrators", Description: "Built in: every permission", GroupType: BeyondInsightType, IsActive: true}
	if err := UserGroups.Insert(tx, group); err != nil {
		return err
	}
	for _, r := range registrations {
		if err := GroupRegistration.Set(tx, Administrators, r.Id, 0); err != nil {
			return err
		}
	}
	return nil
}

// seedRules lays down the rules that select everything.
func seedRules(tx *Tx) error {
	for _, r := range []*SmartRule{
		{Title: AllAssets, Description: "Every asset", RuleType: AssetRule},
		{Title: "All Managed Accounts", Description: "Every managed account", RuleType: ManagedAccountRule},
		{Title: "All Managed Systems", Description: "Every managed system", RuleType: ManagedSystemRule},
	} {
		r.Category, r.IsReadOnly, r.LastProcessedDate = builtInRules, true, tx.Now
		if err := insertRule(tx, r, &RuleCriteria{Filter: filterAll}); err != nil {
			return err
		}
	}
	return nil
}

func seedUser(tx *Tx, u *User, s *UserSecret) error {
	if err := Users.Insert(tx, u); err != nil {
		return err
	}
	s.UserID, s.Version = u.UserID, 1
	if err := UserSecrets.Insert(tx, s); err != nil {
		return err
	}
	return GroupMember.Set(tx, Administrators, u.UserID, 0)
}

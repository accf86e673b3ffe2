package store

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnApplicationGoesToThePolicyWithTheGUID(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	p := &EPMPolicy{Name: "Workstations"}
	l.change(func(tx *Tx) error { return EPMPolicies.Insert(tx, p) })
	made := p.LastModifiedDate
	l.clock.step(time.Hour)
	a := &EPMApplication{GroupName: "browsers", Name: "a.exe", Path: `C:\a.exe`, Publisher: "Lab", ChildrenInheritToken: true}
	l.change(func(tx *Tx) error { return AddEPMApplication(tx, strings.ToUpper(p.PolicyGUID), a) })
	if stored := get(l, EPMApplications, a.ApplicationID); *stored != *a || stored.PolicyID != p.PolicyID {
		t.Errorf("the application is %+v", stored)
	}
	if now := get(l, EPMPolicies, p.PolicyID).LastModifiedDate; now != made.Add(time.Hour) {
		t.Errorf("the policy was modified %v, after %v", now, made)
	}
	for _, guid := range []string{"", "1", "8c6f1d0e-2f0b-4c59-9d2e-5d7c3b1a9f44"} {
		text := l.refused(ErrInvalid, func(tx *Tx) error {
			return AddEPMApplication(tx, guid, &EPMApplication{GroupName: "g", Name: "n", Path: "p", Publisher: "q"})
		})
		if text != "Invalid Policy ID" {
			t.Errorf("GUID %q: %q", guid, text)
		}
	}
	for _, wrong := range []EPMApplication{
		{Name: "n", Path: "p", Publisher: "q"}, {GroupName: "g", Path: "p", Publisher: "q"}, {GroupName: "g", Name: "n", Publisher: "q"},
		{GroupName: "g", Name: "n", Path: "p"}, {GroupName: "g", Name: "n", Path: strings.Repeat("p", MaxApplicationPath+1), Publisher: "q"},
	} {
		l.refused(ErrInvalid, func(tx *Tx) error { return AddEPMApplication(tx, p.PolicyGUID, &wrong) })
	}
}

func TestApplicationsAddedAtOnceAllArrive(t *testing.T) {
	t.Parallel()
	l := newFixture(t)
	p := &EPMPolicy{Name: "Workstations"}
	l.change(func(tx *Tx) error { return EPMPolicies.Insert(tx, p) })
	errs := atOnce(6, func(i int) error {
		return Change(l.ctx, l.DB, System("test"), func(tx *Tx) error {
			return AddEPMApplication(tx, p.PolicyGUID, &EPMApplication{GroupName: "g", Name: fmt.Sprint(i), Path: "p", Publisher: "q"})
		})
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if n := len(l.keys("ea=")); n != 6 {
		t.Errorf("%d applications arrived of 6", n)
	}
}

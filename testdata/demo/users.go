package demo

// User is a user of the demo lab who signs in with a password.
type User struct{ Name, May string }

// Users are those of the lab file, with what they may do there. A test compares them with it.
var Users = []User{
	{"olga", "keeps the inventory of both companies: assets, attributes, imports, Smart Rules of assets"},
	{"aaron", "reads everything and changes nothing: assets, audits, users, reports, managed accounts"},
	{"hedda", "reads the assets of Meridian Logistics"},
	{"pieter", "reads Meridian's assets and Linux systems, and may request their root accounts; owns secrets"},
	{"ulla", "as pieter, and approves requests for Meridian's Windows administrators"},
	{"ines", "reads Meridian's assets, and approves requests for its Windows administrators"},
	{"bram", "reads Meridian's assets and databases"},
	{"nadia", "writes assets of Tidewater Clinics and imports into its Workgroups; owns a secret"},
	{"tomas", "as nadia, without a secret"},
	{"ruth", "reads the users, and may quarantine them; approves requests for Tidewater's servers"},
	{"wes", "as tomas, but is quarantined: cannot sign in before: muster admin release wes"},
	{"ida", "as ruth, but is inactive: cannot sign in before: muster admin activate ida"},
}

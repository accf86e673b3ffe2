// Package demo holds the demo lab that muster serve --demo fills a new store with.
package demo

import _ "embed"

// Scan is a Nessus export of the demo lab.
//
//go:embed scan.csv
var Scan []byte

// Lab is the demo lab as a lab file. It wants the environment variable PasswordVariable.
//
//go:embed lab.yaml
var Lab []byte

// PasswordVariable is where the lab file has the password of its users from.
const PasswordVariable = "MUSTER_DEMO_PASSWORD"

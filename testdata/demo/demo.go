// Package demo holds the demo lab that muster serve --demo fills a new store with.
package demo

import _ "embed"

// Scan is a Nessus export of the demo lab.
//
//go:embed scan.csv
var Scan []byte

// Assets are the assets of the demo lab: Workgroup, address, name, type, operating system.
//
//go:embed assets.csv
var Assets []byte

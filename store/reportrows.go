package store

import "iter"

// AccountsOfRule yields the managed accounts that a Smart Rule selects, on assets that the actor may see; none for a rule
// that does not select managed accounts.
func AccountsOfRule(tx *Tx, r *SmartRule) (iter.Seq2[*AccountOnSystem, error], error) {
	return accountsOfRule(tx, r)
}

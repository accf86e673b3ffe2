package store

import "github.com/musterhq/muster/store/record"

// The sweeps there are, after the records that were deleted.
const (
	sweepOfAsset         record.SweepKind = "sweep asset"
	sweepOfAttributeType record.SweepKind = "sweep attribute type"
	sweepOfAttribute     record.SweepKind = "sweep attribute"
	sweepOfAddressGroup  record.SweepKind = "sweep address group" // or of its addresses alone
	sweepOfUser          record.SweepKind = "sweep user"
	sweepOfUserGroup     record.SweepKind = "sweep user group"
	sweepOfSecret        record.SweepKind = "sweep secret"
	sweepOfSecretFile    record.SweepKind = "sweep secret file" // or of a draft that came to nothing
	sweepOfRule          record.SweepKind = "sweep smart rule"
	sweepOfManagedSystem record.SweepKind = "sweep managed system"
	sweepOfDelivery      record.SweepKind = "sweep delivery" // or of a draft that came to nothing
)

// sweeps says what to do for each kind; one stands before those that it queues. Only Sweep looks here: whoever
// deletes names the kind.
func sweeps() []record.Sweep {
	return []record.Sweep{
		{Kind: sweepOfAsset, Clear: clearAsset},
		{Kind: sweepOfAttributeType, Clear: clearAttributeType},
		{Kind: sweepOfAttribute, Clear: clearAttribute},
		{Kind: sweepOfAddressGroup, Clear: clearAddressGroup},
		{Kind: sweepOfUser, Clear: clearUser},
		{Kind: sweepOfUserGroup, Clear: clearUserGroup},
		{Kind: sweepOfSecret, Clear: clearSecret},
		{Kind: sweepOfSecretFile, Clear: clearSecretFile},
		{Kind: sweepOfRule, Clear: clearRule},
		{Kind: sweepOfManagedSystem, Clear: clearManagedSystem},
		{Kind: sweepOfDelivery, Clear: clearDelivery},
	}
}

package store

import "github.com/musterhq/muster/store/record"

// sectionSecretsSafe is the audit Section of answers that show what is secret.
const sectionSecretsSafe = "SecretsSafe"

// maxShown bounds the secrets that one audit row names.
const maxShown = 90

// AuditShown leaves the audit row of an answer that shows the values or the file of secrets; none leaves no row.
func AuditShown(tx *Tx, secrets ...*Secret) error {
	if len(secrets) == 0 {
		return nil
	}
	details := []UserAuditDetail{record.Detail("Secrets", "", len(secrets))}
	for _, s := range secrets[:min(len(secrets), maxShown)] {
		details = append(details, record.Detail("SecretID", "", s.ID))
	}
	return tx.Audit(record.ActionView, sectionSecretsSafe, details...)
}

package insight

import (
	"reflect"
	"time"

	"github.com/musterhq/muster/store"
	"github.com/musterhq/muster/store/record"
)

// setGiven gives a record the members that a body has, those of embedded structs too: pointers that are not nil, by the names of its
// fields. Members that the record has not, such as a password, are passed over. A date may be empty, which is not given.
func setGiven(to, body any) error {
	target, from := reflect.ValueOf(to).Elem(), reflect.ValueOf(body)
	for _, field := range reflect.VisibleFields(from.Type()) {
		name, given := field.Name, from.FieldByIndex(field.Index)
		member := target.FieldByName(name)
		if field.Anonymous || !member.IsValid() || given.Kind() == reflect.Pointer && given.IsNil() {
			continue
		}
		value := reflect.Indirect(given)
		switch {
		case member.Type() == reflect.TypeFor[record.Time]():
			date, err := dateGiven(name, value.String())
			if err != nil {
				return err
			}
			member.Set(reflect.ValueOf(date))
		case member.Kind() == reflect.Pointer:
			one := reflect.New(member.Type().Elem())
			one.Elem().Set(value.Convert(member.Type().Elem()))
			member.Set(one)
		default:
			member.Set(value.Convert(member.Type()))
		}
	}
	return nil
}

// dateGiven reads a date, with or without a time; an empty text means that none is given.
func dateGiven(name, text string) (record.Time, error) {
	if text == "" {
		return record.Time{}, nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(form, text); err == nil {
			return record.At(t), nil
		}
	}
	return record.Time{}, store.Invalid("%s: a date such as 2027-01-31 is expected", name)
}

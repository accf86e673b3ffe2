package lab

import (
	"reflect"

	"github.com/musterhq/muster/store"
)

// The members of an item that a record has by the same name are those of the record; whatever else an item has is brought in
// by its own code. A member that the item leaves out is a nil pointer, and stays as it is in the record.

// fill brings the members of an item into a record; of a new one, also the defaults that the item's tags say.
func fill(record any, item placed, isNew bool) {
	to, from := reflect.ValueOf(record).Elem(), reflect.ValueOf(item).Elem()
	for _, m := range membersOf(from.Type()) {
		field, value := to.FieldByName(m.Name), from.FieldByIndex(m.Index)
		switch {
		case !field.IsValid():
			continue
		case value.Kind() == reflect.Pointer && value.IsNil():
			if isNew && m.preset {
				field.SetBool(true)
			}
			continue
		case value.Kind() == reflect.Pointer && field.Kind() != reflect.Pointer:
			value = value.Elem()
		}
		if value.CanConvert(field.Type()) {
			field.Set(value.Convert(field.Type()))
		}
	}
}

// show brings the members of a record into an item, but for those that are as in a new record anyway.
func show(item placed, record any) {
	to, from := reflect.ValueOf(item).Elem(), reflect.ValueOf(record).Elem()
	for _, m := range membersOf(to.Type()) {
		field, value := to.FieldByIndex(m.Index), from.FieldByName(m.Name)
		switch {
		case !value.IsValid() || field.Kind() == reflect.Slice:
			continue
		case field.Kind() != reflect.Pointer:
			field.Set(value.Convert(field.Type()))
		case value.Kind() == reflect.Pointer:
			if !value.IsNil() {
				field.Set(value)
			}
		case m.preset != (value.Kind() == reflect.Bool && value.Bool()) || !m.preset && !value.IsZero():
			field.Set(reflect.New(field.Type().Elem()))
			field.Elem().Set(value.Convert(field.Type().Elem()))
		}
	}
}

// changes names the members in which two records differ, but for their dates, which follow from the others.
func changes[T any](before, after *T) (names []string) {
	a, b := reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for i := range a.NumField() {
		if f := a.Type().Field(i); f.Type != reflect.TypeFor[store.Time]() && !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			names = append(names, f.Name)
		}
	}
	return names
}

package store

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

func TestATimeIsPrintedAsTheAPIPrintsIt(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 2*60*60)
	for name, test := range map[string]struct {
		moment Time
		want   string
	}{
		"milliseconds":            {record.At(time.Date(2025, 2, 27, 22, 57, 27, 127_000_000, time.UTC)), `"2025-02-27T22:57:27.127Z"`},
		"without trailing zeros":  {record.At(time.Date(2024, 12, 6, 17, 59, 40, 360_000_000, time.UTC)), `"2024-12-06T17:59:40.36Z"`},
		"a whole second":          {record.At(time.Date(2024, 12, 6, 17, 59, 40, 0, time.UTC)), `"2024-12-06T17:59:40Z"`},
		"finer, cut":              {record.At(time.Date(2024, 12, 6, 17, 59, 40, 1_999_999, time.UTC)), `"2024-12-06T17:59:40.001Z"`},
		"another zone":            {record.At(time.Date(2024, 12, 6, 19, 59, 40, 0, zone)), `"2024-12-06T17:59:40Z"`},
		"another zone, not of At": {Time(time.Date(2024, 12, 6, 19, 59, 40, 0, zone)), `"2024-12-06T17:59:40Z"`},
		"never":                   {Time{}, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.Marshal(test.moment)
			if string(got) != test.want || err != nil {
				t.Errorf("got %s, error %v; want %s", got, err, test.want)
			}
		})
	}
}

func TestATimeIsRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want Time
	}{
		"as it is printed":    {`"2024-12-06T17:59:40.36Z"`, record.At(begin)},
		"with an offset":      {`"2024-12-06T19:59:40.36+02:00"`, record.At(begin)},
		"with trailing zeros": {`"2024-12-06T17:59:40.360000Z"`, record.At(begin)},
		"never":               {`null`, Time{}},
		"the zero time":       {`"0001-01-01T00:00:00Z"`, Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := record.At(time.Now())
			if err := json.Unmarshal([]byte(test.text), &got); got != test.want || err != nil {
				t.Errorf("got %v, error %v; want %v", got, err, test.want)
			}
		})
	}
	for name, text := range map[string]string{
		"a date alone":     `"2024-12-06"`,
		"no zone":          `"2024-12-06T17:59:40"`,
		"no text":          `1733507980`,
		"empty":            `""`,
		"before all years": `"0000-01-01T00:00:00+01:00"`,
		"after all years":  `"9999-12-31T23:59:59-01:00"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := record.At(begin)
			if err := json.Unmarshal([]byte(text), &got); err == nil || got != record.At(begin) {
				t.Errorf("%s was read as %v, error %v", text, got, err)
			}
		})
	}
}

// A record that is read must be the record that was written, or its old index entries could not be found again.
func FuzzTime(f *testing.F) {
	for _, seed := range []string{
		"2024-12-06T17:59:40.36Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "0000-01-01T00:00:00+23:59", "x",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var read Time
		if err := json.Unmarshal(text, &read); err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		printed, err := json.Marshal(read)
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		var again Time
		if err := json.Unmarshal(printed, &again); err != nil || again != record.At(time.Time(read)) {
			t.Fatalf("%q was read as %v, printed as %s and read as %v, error %v", s, time.Time(read), printed, time.Time(again), err)
		}
	})
}

func TestTimesAreInMilliseconds(t *testing.T) {
	t.Parallel()
	if got, want := record.At(begin).Add(1_999_999*time.Nanosecond), record.At(begin.Add(time.Millisecond)); got != want {
		t.Errorf("Add: got %v, want %v", time.Time(got), time.Time(want))
	}
	if got := record.At(begin.Add(time.Minute)).Sub(record.At(begin)); got != time.Minute {
		t.Errorf("Sub: %v", got)
	}
	if record.At(begin).Before(record.At(begin)) || !record.At(begin).Before(record.At(begin.Add(time.Millisecond))) {
		t.Error("Before is not the order of time")
	}
	if got := (Time{}).String(); got != "" {
		t.Errorf("the zero Time prints as %q", got)
	}
}

func TestAnEmptyTextIsNull(t *testing.T) {
	t.Parallel()
	for text, want := range map[Text]string{"": `null`, "null": `"null"`, "a <b> & \"c\"": `"a <b> & \"c\""`} {
		got, err := record.Encode(text)
		if string(got) != want || err != nil {
			t.Errorf("%q: got %s, error %v; want %s", text, got, err, want)
		}
		read := Text("")
		if err := json.Unmarshal(got, &read); read != text || err != nil {
			t.Errorf("%s was read as %q, error %v", got, read, err)
		}
	}
}

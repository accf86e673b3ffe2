package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/store/record"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	const now = "2024-12-06T17:59:40.36Z" // a Friday
	for _, c := range []struct{ name, schedule, last, now, next string }{
		{"an interval begins with what it is counted from", "every 24h", now, now, "2024-12-07T17:59:40.36Z"},
		{"an interval keeps its rhythm whenever the run ended", "every 1h", "2024-12-06T17:00:00Z", "2024-12-06T17:20:00Z", "2024-12-06T18:00:00Z"},
		{"what was missed is left out", "every 1h30m", "2024-12-06T00:00:00Z", "2024-12-06T17:59:40.36Z", "2024-12-06T18:00:00Z"},
		{"a moment that is due is not the next one", "every 1m", "2024-12-06T17:58:40.36Z", now, "2024-12-06T18:00:40.36Z"},
		{"a clock that was set back", "every 1h", "2024-12-06T17:00:00Z", "2024-12-06T09:00:00Z", "2024-12-06T18:00:00Z"},
		{"every night at three", "0 3 * * *", now, now, "2024-12-07T03:00:00Z"},
		{"blanks do not matter", "  0   3 * * * ", now, now, "2024-12-07T03:00:00Z"},
		{"every quarter of an hour", "*/15 * * * *", now, now, "2024-12-06T18:00:00Z"},
		{"on working days", "30 6 * * MON-FRI", now, now, "2024-12-09T06:30:00Z"},
		{"on the first or on a Monday", "0 0 1 * MON", now, now, "2024-12-09T00:00:00Z"},
		{"around midnight", "0 22-2 * * *", now, now, "2024-12-06T22:00:00Z"},
		{"a leap day", "0 0 29 2 *", now, now, "2028-02-29T00:00:00Z"},
		{"by name", "@daily", now, now, "2024-12-07T00:00:00Z"},
		{"a moment that is due, by cron", "59 17 * * *", now, "2024-12-06T17:59:00Z", "2024-12-07T17:59:00Z"},
		{"a leap day after a year that has none", "0 0 29 2 *", "2096-03-01T00:00:00Z", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"a day that never comes", "0 0 30 2 *", now, now, ""},
	} {
		s, err := ParseSchedule(c.schedule)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if next := s.After(moment(t, c.last), moment(t, c.now)).String(); next != c.next {
			t.Errorf("%s: %s comes at %s, want %s", c.name, c.schedule, next, c.next)
		}
	}
}

func moment(t *testing.T, text string) Time {
	t.Helper()
	parsed, err := time.Parse("2006-01-02T15:04:05.999Z", text)
	if err != nil {
		t.Fatal(err)
	}
	return record.At(parsed)
}

func TestSchedulesThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "daily", "every", "every day", "every 59s", "every -1h", "every 8785h", "every 24", "24h", "every 1h 2h",
		"* * * *", "0 0 3 * * *", "0 0 3 * * * 2030", "60 * * * *", "* * * * MONDAY-ISH", "@reboot", "TZ=UTC 0 3 * * *", "TZ= 3 * * *", "TZ=0", "61-70 * * * *", "0 0 L * *", "*/0 * * * *", "@every 1s", "* * * * * *",
		"0 3 * * " + strings.Repeat("1,", 100) + "1",
	} {
		if _, err := ParseSchedule(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", text, err)
		}
	}
}

// FuzzSchedule finds no text that breaks the parser, and no schedule that comes before its time.
func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"every 24h", "0 3 * * *", "*/7 1-5,9 1,15 JAN-MAR SUN", "0 0 31 4 *", "@weekly", "TZ=0", "CRON_TZ=a 0 0 1 1", "5/0 * * * *", "5-1 */7 ? 2 ?"} {
		f.Add(seed, int64(1733507980))
	}
	f.Fuzz(func(t *testing.T, text string, at int64) {
		s, err := ParseSchedule(text)
		if err != nil {
			return
		}
		now := record.At(time.Unix(at%(1<<32), 0))
		if next := s.After(now, now); !next.IsZero() && !now.Before(next) {
			t.Errorf("%q: after %v comes %v", text, now, next)
		}
	})
}

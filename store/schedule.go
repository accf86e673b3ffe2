package store

import (
	"slices"
	"strings"
	"time"

	"github.com/netresearch/go-cron"

	"github.com/musterhq/muster/store/record"
)

// Schedule tells when something is done again and again: in an interval, or at the times of a cron expression, which
// are UTC. It is made by ParseSchedule.
type Schedule struct {
	every time.Duration // 0: by cron
	cron  cron.Schedule // nil: by every
}

// The intervals that a schedule may have, and the longest text of one.
const (
	minInterval = time.Minute
	maxInterval = 366 * 24 * time.Hour
	maxSchedule = 100
)

// searchYears is how far a next time is looked for: leap days may be eight years apart.
const searchYears = 9

// ParseSchedule reads "every 24h" (Go's durations, from 1m to 8784h), a cron expression of the five fields minute, hour,
// day of the month, month and day of the week, or @hourly, @daily, @weekly, @monthly or @yearly. It returns an ErrInvalid
// that quotes what it cannot read.
func ParseSchedule(text string) (Schedule, error) {
	fields := strings.Fields(text)
	switch {
	case len(text) > maxSchedule:
		return Schedule{}, Invalid("a schedule has at most %d bytes", maxSchedule)
	case len(fields) == 2 && fields[0] == "every":
		every, err := time.ParseDuration(fields[1])
		if err != nil || every < minInterval || every > maxInterval {
			return Schedule{}, Invalid("%q: an interval from 1m to 8784h is expected, like every 24h", text)
		}
		return Schedule{every: every}, nil
	case len(fields) == 1 && slices.Contains([]string{"@hourly", "@daily", "@weekly", "@monthly", "@yearly"}, fields[0]):
	case len(fields) != 5:
		return Schedule{}, Invalid("%q: an interval like every 24h, or a cron expression of five fields, is expected", text)
	}
	// As crontab(5) has it, either of two days that are named suffices.
	options := cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.DowOrDom | cron.Descriptor
	parser := cron.MustNewParser(options).WithMaxSearchYears(searchYears)
	times, err := parser.Parse(strings.Join(fields, " "))
	if err != nil {
		return Schedule{}, Invalid("%q is not a cron expression: %v", text, err)
	}
	return Schedule{cron: times}, nil
}

// After returns the first moment of the schedule after now, the zero Time if there is none. An interval is counted from
// last, the moment at which the schedule fell due before: what a server that was down has missed is left out, and the
// rhythm stays.
func (s Schedule) After(last, now Time) Time {
	if s.every == 0 {
		return s.next(now)
	}
	if now.Before(last) {
		return last.Add(s.every)
	}
	return last.Add((now.Sub(last)/s.every + 1) * s.every)
}

// next asks the cron expression, in UTC.
func (s Schedule) next(now Time) Time {
	next := s.cron.Next(time.Time(now).UTC())
	if next.IsZero() {
		return Time{}
	}
	return record.At(next)
}

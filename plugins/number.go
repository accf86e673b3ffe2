package plugins

import (
	"strconv"
	"strings"
)

// Number returns the whole number that a cell holds, also in the shapes that spreadsheets give to one: "1.1936E+04", "11936.0",
// "11,936".
func Number(cell string) (int64, bool) {
	const longest = 40
	if cell = bare(cell); cell == "" || len(cell) > longest {
		return 0, false
	}
	sign := ""
	if cell[0] == '-' || cell[0] == '+' {
		sign, cell = strings.TrimPrefix(cell[:1], "+"), cell[1:]
	}
	mantissa, power, scientific := strings.Cut(strings.ToUpper(cell), "E")
	exponent := 0
	if scientific {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil || exponent < -longest || exponent > longest {
			return 0, false
		}
	}
	whole, part, _ := cutDecimals(ungrouped(mantissa))
	digits, point := whole+part, len(whole)+exponent
	switch {
	case whole == "" || !areDigits(digits) || point < 0:
		return 0, false
	case point < len(digits) && strings.Trim(digits[point:], "0") != "":
		return 0, false
	case point < len(digits):
		digits = digits[:point]
	default:
		digits += strings.Repeat("0", point-len(digits))
	}
	n, err := strconv.ParseInt(sign+digits, 10, 64)
	return n, err == nil
}

// IsRounded reports whether a cell holds a number as spreadsheets show one that has more digits than a column has room for:
// "1.23457E+11". It identifies nothing any more.
func IsRounded(cell string) bool {
	cell = bare(cell)
	_, ok := Number(cell)
	return ok && strings.Contains(strings.ToUpper(cell), "E+")
}

// ungrouped returns a number without the commas, blanks or apostrophes between its thousands, if that is what they are.
func ungrouped(s string) string {
	for _, mark := range [...]string{",", " ", "\u00a0", "\u202f", "'"} {
		groups := strings.Split(s, mark)
		last := len(groups) - 1
		if last == 0 || len(groups[0]) == 0 || len(groups[0]) > 3 || !areDigits(groups[0]) {
			continue
		}
		grouped := true
		for i, group := range groups[1:] {
			if i+1 == last {
				group, _, _ = strings.Cut(group, ".")
			}
			grouped = grouped && len(group) == 3 && areDigits(group)
		}
		if grouped {
			return strings.Join(groups, "")
		}
	}
	return s
}

// cutDecimals splits a number at its decimal point, which is a comma in many a language.
func cutDecimals(s string) (whole, part string, found bool) {
	if i := strings.IndexAny(s, ".,"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

func areDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

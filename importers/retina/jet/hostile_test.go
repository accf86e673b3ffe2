package jet_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/musterhq/muster/importers/retina/jet"
	"github.com/musterhq/muster/importers/retina/jet/jettest"
)

func TestNotForReading(t *testing.T) {
	t.Parallel()
	write := func(o jettest.Options) []byte { return jettest.Write(o, everyType) }
	for name, test := range map[string]struct {
		content []byte
		want    error
	}{
		"Jet 3 with a password":   {write(jettest.Options{Version: jet.Jet3, Password: "geheim"}), jet.ErrPassword},
		"Jet 4 with a password":   {write(jettest.Options{Version: jet.Jet4, Password: "geheim"}), jet.ErrPassword},
		"ACE with a password":     {write(jettest.Options{Version: jet.ACE, Password: "1"}), jet.ErrPassword},
		"Jet 3 encrypted":         {write(jettest.Options{Version: jet.Jet3, Key: 0x12345678}), jet.ErrEncrypted},
		"Jet 4 encrypted":         {write(jettest.Options{Version: jet.Jet4, Key: 1}), jet.ErrEncrypted},
		"ACE encrypted":           {write(jettest.Options{Version: jet.ACE, Key: 1 << 31, Password: "x"}), jet.ErrEncrypted},
		"nothing":                 {nil, jet.ErrFormat},
		"a header cut off":        {write(jettest.Options{Version: jet.Jet4})[:100], jet.ErrFormat},
		"text":                    {[]byte(strings.Repeat("Standard Jet DB\x00", 300)), jet.ErrFormat},
		"a version of the future": {append([]byte("\x00\x01\x00\x00Standard ACE DB\x00\x63"), make([]byte, 4096)...), jet.ErrFormat},
	} {
		if _, err := read(test.content); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// damage is a Jet 4 database whose pages are found by their owner, to be spoilt.
type damage []byte

const pageSize = 4096

// page returns the nth page of a kind and an owner, nil if there is none.
func (d damage) page(kind byte, owner string, n int) []byte {
	for at := pageSize; at < len(d); at += pageSize {
		if page := d[at : at+pageSize]; page[0] == kind && string(page[4:8]) == owner {
			if n--; n < 0 {
				return page
			}
		}
	}
	return nil
}

const (
	owned = "\x03\x00\x00\x00"
	maps  = "\x00\x00\x00\x00"
)

func (d damage) number(page []byte) uint32 { return uint32((cap(d) - cap(page)) / pageSize) }
func (d damage) definition() []byte        { return d[jettest.FirstTable*pageSize:] }
func (d damage) usage() []byte             { return row(d.page(1, maps, 0)) }
func (d damage) moved() []byte             { return row(d.page(1, owned, 0)) }
func (d damage) pointing() []byte          { return row(d.page(1, owned, 1)) }
func (d damage) memo() []byte              { return d.moved()[2+4+11:] } // behind the header, id and ip

// long returns the page with the beginning of the memo.
func (d damage) long() []byte {
	return d[binary.LittleEndian.Uint32(d.memo()[4:])>>8*pageSize:][:pageSize]
}

// row returns the first row of a data page.
func row(page []byte) []byte { return page[binary.LittleEndian.Uint16(page[14:])&0x1fff:] }

func put2(b []byte, v uint16) { binary.LittleEndian.PutUint16(b, v) }
func put4(b []byte, v uint32) { binary.LittleEndian.PutUint32(b, v) }

// TestDamage spoils a database at one place each. The rows before the place are read, and the error names it.
func TestDamage(t *testing.T) {
	t.Parallel()
	hosts := jettest.Table{
		Name:    "Hosts",
		Columns: []jettest.Column{{Name: "ip", Type: jet.Text}, {Name: "memo", Type: jet.Memo}, {Name: "id", Type: jet.Long}},
		Rows: []jettest.Row{
			{Values: []any{"192.0.2.1", strings.Repeat("long", 4000), int64(1)}, Moved: true},
			{Values: []any{"192.0.2.2", "short", int64(2)}},
		},
	}
	for name, test := range map[string]struct {
		spoil func(d damage)
		want  string
	}{
		"nothing":                             {func(damage) {}, ""},
		"a definition that is its own next":   {func(d damage) { put4(d.definition()[4:], 3) }, "comes back to page 3"},
		"definitions in a circle":             {func(d damage) { put4(d.definition()[4:], 2); put4(d[2*pageSize+4:], 3) }, "comes back to page"},
		"a definition that goes on nowhere":   {func(d damage) { put4(d.definition()[4:], 1<<24) }, "no page 16777216"},
		"a definition on a data page":         {func(d damage) { d.definition()[0] = 1 }, "page 3 is of kind 1, not 2"},
		"65,535 columns":                      {func(d damage) { put2(d.definition()[45:], 65535) }, "of 65535 columns, at most 255"},
		"255 columns, and no room for them":   {func(d damage) { put2(d.definition()[45:], 255) }, "of 255 columns is cut off"},
		"four milliard indexes":               {func(d damage) { put4(d.definition()[51:], 1<<32-1) }, "of 3 columns is cut off"},
		"a usage map outside":                 {func(d damage) { put4(d.definition()[55:], 0xffffff00) }, "usage map: the database is damaged: no page 16777215"},
		"a usage map in a row that is not":    {func(d damage) { d.definition()[55] = 200 }, "no row 200"},
		"a usage map of an unknown kind":      {func(d damage) { d.usage()[0] = 2 }, "usage map in page"},
		"a usage map of pages outside":        {func(d damage) { put4(d.usage()[1:], 1<<30) }, "cut off before page 1073741824"},
		"a usage map that is a data page":     {func(d damage) { d.usage()[0] = 1; put4(d.usage()[1:], d.number(d.page(1, owned, 0))) }, "is of kind 1, not 5"},
		"a row that begins outside":           {func(d damage) { put2(d.page(1, owned, 0)[14:], 0x1fff) }, "row 0 from byte 8191 to 4096"},
		"a row that begins in the header":     {func(d damage) { put2(d.page(1, owned, 0)[14:], 3) }, "row 0 from byte 3"},
		"a row that points to itself":         {func(d damage) { put4(d.pointing(), d.number(d.page(1, owned, 1))<<8) }, "moved more than 4 times"},
		"a row that points outside":           {func(d damage) { put4(d.pointing(), 1<<31) }, "no page 8388608"},
		"a row that points to row 255":        {func(d damage) { d.pointing()[0] = 255 }, "no row 255"},
		"a row that points to a definition":   {func(d damage) { put4(d.pointing(), 2<<8) }, "page 2 is of kind 2, not 1"},
		"a row of 65,535 columns":             {func(d damage) { put2(d.moved(), 65535) }, "no room for 65535 columns"},
		"a row of 65,535 of variable length":  {func(d damage) { put2(d.moved()[len(d.moved())-3:], 65535) }, "65535 columns of variable length"},
		"a column that ends before it begins": {func(d damage) { put2(d.moved()[len(d.moved())-5:], 4000) }, `column "ip": the database is damaged: from byte 4000`},
		"a fixed column behind the row":       {func(d damage) { put2(d.definition()[63+2*25+21:], 40000) }, `column "id": the database is damaged: begins at byte 40000`},
		"a long value outside":                {func(d damage) { put4(d.memo()[4:], 1<<31) }, "no page 8388608"},
		"a long value of a row that is not":   {func(d damage) { d.memo()[4] = 99 }, "no row 99"},
		"a long value that is its own next":   {func(d damage) { put4(row(d.long()), binary.LittleEndian.Uint32(d.memo()[4:])) }, "a long value comes back to page"},
		"a long value of one byte on a page":  {func(d damage) { put2(d.long()[14:], pageSize-1) }, "a long value's part of 1 bytes"},
		"a long value of three bytes":         {func(d damage) { put2(d.definition()[63+25+7:], 0) }, "a long value of 11 bytes"},
	} {
		content := damage(jettest.Write(jettest.Options{Version: jet.Jet4}, hosts))
		test.spoil(content)
		_, err := read(content)
		if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, jet.ErrDamaged) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

// TestCutOff cuts a database behind each of its pages, and elsewhere.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for _, v := range versions {
		content := jettest.Write(jettest.Options{Version: v}, everyType, wideTable())
		for size := 0; size < len(content); size += 512 {
			if _, err := read(content[:size]); !errors.Is(err, jet.ErrDamaged) && !errors.Is(err, jet.ErrFormat) {
				t.Errorf("%v, the first %d bytes of %d: %v", v, size, len(content), err)
			}
		}
	}
}

// TestSharedContent has rows that all point to one: more than the file could hold.
func TestSharedContent(t *testing.T) {
	t.Parallel()
	notes := jettest.Table{Name: "Notes", Columns: []jettest.Column{{Name: "note", Type: jet.Text}}}
	for i := range 1000 {
		notes.Rows = append(notes.Rows, jettest.Row{Values: []any{strings.Repeat("Ω", max(1, 250-i))}, Moved: true})
	}
	content := damage(jettest.Write(jettest.Options{Version: jet.Jet4}, notes))
	longest := binary.LittleEndian.Uint32(content.pointing())
	for n := 0; content.page(1, owned, n) != nil; n++ {
		page := content.page(1, owned, n)
		for i := range int(binary.LittleEndian.Uint16(page[12:])) {
			if at := binary.LittleEndian.Uint16(page[14+2*i:]); at&0x4000 != 0 {
				put4(page[at&0x1fff:], longest)
			}
		}
	}
	_, err := read(content)
	if !errors.Is(err, jet.ErrDamaged) || !strings.Contains(err.Error(), "share") {
		t.Errorf("%v", err)
	}
}

// endless is a database of any size of which only the beginning exists; the rest is zeros.
type endless []byte

func (e endless) ReadAt(p []byte, at int64) (int, error) {
	clear(p)
	if at < int64(len(e)) {
		copy(p, e[at:])
	}
	return len(p), nil
}

// TestHugeAndBogus reads a gigabyte of which a usage map says that all pages are the table's.
func TestHugeAndBogus(t *testing.T) {
	t.Parallel()
	content := damage(jettest.Write(jettest.Options{Version: jet.Jet4}, jettest.Table{Name: "T", Columns: everyType.Columns, Rows: everyType.Rows, Indirect: true}))
	usage := content.usage()
	bitmap := binary.LittleEndian.Uint32(usage[1:])
	for entry := range 16 {
		put4(usage[1+4*entry:], bitmap)
	}
	for i := range pageSize - 4 {
		content[bitmap*pageSize+4:][i] = 0xff
	}
	content[bitmap*pageSize+4] = 0xfe // nothing points to page 0
	started := time.Now()
	db, err := jet.Open(endless(content), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for table := range db.Tables() {
		for _, err = range table.Rows(0, 3) {
			rows++
		}
	}
	if rows != len(everyType.Rows)+1 || !errors.Is(err, jet.ErrDamaged) || !strings.Contains(err.Error(), "cut off before page 262144") {
		t.Errorf("%d rows, %v", rows, err)
	}
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	t.Logf("%v", time.Since(started))
}

package jet

// layout is where things stand in the pages of a version. Offsets are in bytes, from the beginning of the page or entry.
type layout struct {
	pageSize int

	rowCount   int // in a data page: the number of rows, two bytes
	rowOffsets int // in a data page: where each row begins, two bytes for each

	// In a table definition, whose pages hold on from definitionHeader on.
	variableColumns int // their number, two bytes
	columnCount     int
	indexCount      int // the number of indexEntry
	usageMap        int // a pointer to the map of the pages that the table owns
	indexEntries    int // indexEntry bytes for each index; the columns follow
	indexEntry      int
	columnEntry     int
	column          columnLayout
	wideNames       bool // names are UTF-16 behind two bytes for their length, else bytes behind one

	rowHeader int // bytes of the number of columns at the beginning of a row, and of each number at its end
}

type columnLayout struct {
	number, variable, extra, flags, fixed, length int
}

// definitionHeader is what each page of a table definition begins with.
const definitionHeader = 8

var jet3 = layout{
	pageSize: 2048,
	rowCount: 8, rowOffsets: 10,
	variableColumns: 23, columnCount: 25, indexCount: 31, usageMap: 35, indexEntries: 43, indexEntry: 8,
	columnEntry: 18, column: columnLayout{number: 1, variable: 3, extra: 9, flags: 13, fixed: 14, length: 16},
	rowHeader: 1,
}

var jet4 = layout{
	pageSize: 4096,
	rowCount: 12, rowOffsets: 14,
	variableColumns: 43, columnCount: 45, indexCount: 51, usageMap: 55, indexEntries: 63, indexEntry: 12,
	columnEntry: 25, column: columnLayout{number: 5, variable: 7, extra: 11, flags: 15, fixed: 21, length: 23},
	wideNames: true,
	rowHeader: 2,
}

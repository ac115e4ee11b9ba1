package store

import (
	"strconv"
	"strings"
)

// short reads the number in a name that people see, such as 1042 in "R-1042" with the prefix "R-".
func short(prefix, name string) (int64, bool) {
	digits, ok := strings.CutPrefix(strings.ToUpper(name), prefix)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil
}

// called is the condition, on its first argument, that finds what is called by its number or by its id. table is what the query calls its table.
func called(table, prefix, name string) (where string, arg any) {
	if n, ok := short(prefix, name); ok {
		return table + ".number = $1", n
	}
	return table + ".id = $1", name
}

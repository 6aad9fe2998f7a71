package reliability

import (
	"errors"
	"strings"
)

// The table in the README is between these.
const (
	beginTable = "<!-- reliability:begin -->\n"
	endTable   = "<!-- reliability:end -->"
)

var errNoTable = errors.New("there is no place for the table: it is between " + strings.TrimSpace(beginTable) + " and " + endTable)

// TableIn returns the table in a README.
func TableIn(readme string) (string, error) {
	_, rest, begins := strings.Cut(readme, beginTable)
	table, _, ends := strings.Cut(rest, endTable)
	if !begins || !ends {
		return "", errNoTable
	}
	return table, nil
}

// WithTable returns the README with another table.
func WithTable(readme, table string) (string, error) {
	old, err := TableIn(readme)
	if err != nil {
		return "", err
	}
	return strings.Replace(readme, beginTable+old+endTable, beginTable+table+endTable, 1), nil
}

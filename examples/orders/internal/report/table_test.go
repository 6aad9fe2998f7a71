package report

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/pipeline"
)

var update = flag.Bool("update", false, "write the golden files")

// checkTable compares the table with a golden file and looks at its width.
func checkTable(t *testing.T, r Report, golden string) {
	t.Helper()
	var out strings.Builder
	if err := r.Table(&out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if width(line) > columns || strings.TrimRight(line, " ") != line {
			t.Errorf("a line of %d columns: %q", width(line), line)
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("the table is not that in %s (run with -update if it should be):\n%s", golden, out.String())
	}
}

func TestTable(t *testing.T) {
	r := Report{
		Poison: "{orders}:poison",
		Totals: Totals{
			Read: 1234567, Malformed: 22, Invalid: 38, Charged: 867, ChargedCents: "27670116110564327421",
			Declined: 30, Poisoned: 63, Express: 380, Standard: 487, Receipts: 867,
		},
		Stages: []Progress{
			{Name: "validate", Received: 1234567, Poisoned: 60, Dropped: 40, Passed: []Passed{{"accepted", 900}}},
			{Name: "charge", Received: 900, Poisoned: 3, Passed: []Passed{{"charged", 867}, {"declined", 30}}},
			{Name: "receipt", Received: 867, Sink: true},
		},
		Poisons: []Poison{
			{pipeline.KindMalformed, "validate", "it is a list, want an object", 22, []Example{
				{"1", "it is a list, want an object"}, {"2", "it is a list, want an object"}, {"3", "it is a list, want an object"},
			}},
			{pipeline.KindPermanent, "validate", "customer … is not an e-mail address", 37, []Example{
				{"17", `order o-1: customer "` + strings.Repeat("x", 120) + `" is not an e-mail address`},
				{"1234567", `order "注文 ` + strings.Repeat("注文", 40) + `": customer "注文 注文 注文 注文 注文 注文 注文 注文 注文" is not an e-mail address`},
			}},
			{pipeline.KindPermanent, "validate", "order has no id", 1, []Example{{"36", "order has no id"}}},
			{pipeline.KindExhausted, "charge", "given up after N attempts: the bank is down", 3, []Example{
				{"", "given up after 4 attempts: order o-9: the bank is down"},
			}},
		},
	}
	checkTable(t, r, "testdata/done.golden")
}

func TestTableOfAnInterruptedRun(t *testing.T) {
	r := Report{
		Poison: "{orders}:poison",
		Totals: Totals{Read: 512, ChargedCents: "5", Poisoned: 25},
		Stages: []Progress{
			{Name: "validate", Received: 512, Waiting: 300, Poisoned: 25, Passed: []Passed{{"accepted", 187}}},
			{Name: "receipt", Received: 50, Waiting: 49, Sink: true},
		},
	}
	for i := range 25 {
		r.Poisons = append(r.Poisons, Poison{
			"unheard of", "validate", "reason " + string(rune('a'+i)), 1, []Example{{"", "reason"}},
		})
	}
	checkTable(t, r, "testdata/interrupted.golden")
}

func TestTableOfNothing(t *testing.T) {
	checkTable(t, Report{Totals: Totals{ChargedCents: "0"}, Stages: []Progress{{Name: "validate", Passed: []Passed{{"accepted", 0}}}}}, "testdata/nothing.golden")
}

func TestMoney(t *testing.T) {
	for cents, want := range map[string]string{
		"0": "0.00", "7": "0.07", "10": "0.10", "999": "9.99", "100000": "1,000.00", "123456789": "1,234,567.89",
	} {
		if got := money(cents); got != want {
			t.Errorf("%s cents are %s, want %s", cents, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1: "-1", -123: "-123", -1234: "-1,234", 1234567: "1,234,567"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestCommon(t *testing.T) {
	for reason, want := range map[string]string{
		`order o-17: line 2: quantity must be positive, got 0`:            `line N: quantity must be positive, got N`,
		`order "o 17": line 2: price must not be negative, got -30 cents`: `line N: price must not be negative, got N cents`,
		`order o-17: customer "a \"b\" 7" is not an e-mail address`:       `customer … is not an e-mail address`,
		`not JSON: invalid character '\'' at byte 1`:                      `not JSON: invalid character … at byte N`,
		`given up after 4 attempts: order o-1: no answer within 500ms`:    `given up after N attempts: no answer within 500ms`,
		``: ``,
	} {
		if got := common(reason); got != want {
			t.Errorf("%s: got %s, want %s", reason, got, want)
		}
	}
}

package order_test

import (
	"encoding/json"
	"go/build"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/millstream-go/millstream/examples/orders/internal/order"
)

func good() order.Order {
	return order.Order{
		ID:       "o-17",
		Customer: "ada@example.com",
		Lines: []order.Line{
			{SKU: "kettle", Quantity: 2, UnitCents: new(int64(2599))},
			{SKU: "gift", Quantity: 1, UnitCents: new(int64(0))},
		},
		Card: "tok_visa",
	}
}

func TestAccept(t *testing.T) {
	got, err := good().Accept()
	want := order.Accepted{ID: "o-17", Customer: "ada@example.com", Card: "tok_visa", TotalCents: 5198}
	if err != nil || got != want {
		t.Fatalf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestAcceptRefuses(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	tests := []struct {
		name   string
		change func(*order.Order)
		want   string
	}{
		{"no id", func(o *order.Order) { o.ID = "" }, "order has no id"},
		{"blank id", func(o *order.Order) { o.ID = " \t" }, "order has no id"},
		{"no customer", func(o *order.Order) { o.Customer = "" }, "order o-17: has no customer"},
		{"no at", func(o *order.Order) { o.Customer = "ada" }, `order o-17: customer "ada" is not an e-mail address`},
		{"two", func(o *order.Order) { o.Customer = "a@b.com,c@d.com" }, `order o-17: customer "a@b.com,c@d.com" is not an e-mail address`},
		{"long customer", func(o *order.Order) { o.Customer = long }, `order o-17: customer "` + long[:48] + `..." is not an e-mail address`},
		{"no lines", func(o *order.Order) { o.Lines = nil }, "order o-17: has no lines"},
		{"no sku", func(o *order.Order) { o.Lines[1].SKU = "" }, "order o-17: line 2: has no sku"},
		{"no quantity", func(o *order.Order) { o.Lines[1].Quantity = 0 }, "order o-17: line 2: quantity must be positive, got 0"},
		{"negative quantity", func(o *order.Order) { o.Lines[0].Quantity = -3 }, "order o-17: line 1: quantity must be positive, got -3"},
		{"no price", func(o *order.Order) { o.Lines[0].UnitCents = nil }, "order o-17: line 1: has no price"},
		{"negative price", func(o *order.Order) { o.Lines[0].UnitCents = new(int64(-1)) }, "order o-17: line 1: price must not be negative, got -1 cents"},
		{"id of two words", func(o *order.Order) { o.ID, o.Lines = "o 17\x1b[2J", nil }, `order "o 17\x1b[2J": has no lines`},
		{"long id", func(o *order.Order) { o.ID, o.Lines = long, nil }, `order "` + long[:48] + `...": has no lines`},
		{"first fault only", func(o *order.Order) { o.Customer, o.Lines = "", nil }, "order o-17: has no customer"},
		{
			"a line beyond int64",
			func(o *order.Order) { o.Lines[0].Quantity, o.Lines[0].UnitCents = math.MaxInt64, new(int64(2)) },
			"order o-17: line 1: total is too large to be charged",
		},
		{
			"a line beyond 64 bits",
			func(o *order.Order) { o.Lines[0].Quantity, o.Lines[0].UnitCents = 1<<40, new(int64(1<<40)) },
			"order o-17: line 1: total is too large to be charged",
		},
		{
			"a sum beyond int64",
			func(o *order.Order) {
				o.Lines[0].Quantity, o.Lines[0].UnitCents = 1, new(int64(math.MaxInt64))
				o.Lines[1].UnitCents = new(int64(1))
			},
			"order o-17: total is too large to be charged",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := good()
			test.change(&o)
			got, err := o.Accept()
			if err == nil || err.Error() != test.want {
				t.Errorf("got reason %v, want %q", err, test.want)
			}
			if got != (order.Accepted{}) {
				t.Errorf("a refused order was accepted as %+v", got)
			}
		})
	}
}

func TestAcceptTakes(t *testing.T) {
	for _, customer := range []string{"a.b+c@example.co.uk", "zoë@exämple.com", `"a b"@example.com`, "ada@[192.0.2.1]"} {
		o := good()
		o.Customer = customer
		if _, err := o.Accept(); err != nil {
			t.Errorf("%s: %v", customer, err)
		}
	}
	o := good()
	o.Lines = []order.Line{{SKU: "all of it", Quantity: 1, UnitCents: new(int64(math.MaxInt64))}}
	if a, err := o.Accept(); err != nil || a.TotalCents != math.MaxInt64 {
		t.Errorf("the largest total: %+v, %v", a, err)
	}
}

func TestParse(t *testing.T) {
	got, err := order.Parse([]byte(`{"id":"o-1","customer":"a@b.c","lines":[{"sku":"kettle","quantity":2,"unit_cents":2599}],"card":"tok_visa","note":"unknown fields are no fault"}`))
	if err != nil {
		t.Fatal(err)
	}
	if a, err := got.Accept(); err != nil || a.TotalCents != 5198 {
		t.Fatalf("got %+v, %v", a, err)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ line, want string }{
		{``, "not JSON: unexpected end of JSON input, at byte 0"},
		{`{"id":"o-1","lines":[{"sku":"ket`, "not JSON: unexpected end of JSON input, at byte 32"},
		{`hello`, "not JSON: invalid character 'h' looking for beginning of value, at byte 1"},
		{`{"id":"o-1"} x`, "not JSON: invalid character 'x' after top-level value, at byte 14"},
		{`null`, "it is null, want an object"},
		{`[]`, "it is a list, want an object"},
		{`"o-1"`, "it is a string, want an object"},
		{`17`, "it is a number, want an object"},
		{`true`, "it is true or false, want an object"},
		{`{"id":17}`, "id is a number, want a string"},
		{`{"id":"o-1","customer":["a@b.c"]}`, "customer is a list, want a string"},
		{`{"id":"o-1","lines":{}}`, "lines is an object, want a list"},
		{`{"id":"o-1","lines":["kettle"]}`, "lines is a string, want an object"},
		{`{"id":"o-1","lines":[{"quantity":"2"}]}`, "lines.quantity is a string, want a whole number"},
		{`{"id":"o-1","lines":[{"quantity":2.5}]}`, "lines.quantity is the number 2.5, want a whole number"},
		{`{"id":"o-1","lines":[{"unit_cents":99999999999999999999}]}`, "lines.unit_cents is the number 99999999999999999999, want a whole number"},
		{`{"id":"o-1","card":false}`, "card is true or false, want a string"},
	}
	for _, test := range tests {
		got, err := order.Parse([]byte(test.line))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %q", test.line, err, test.want)
		}
		if got.ID != "" || got.Lines != nil {
			t.Errorf("%s: something was decoded: %+v", test.line, got)
		}
	}
}

func TestEvents(t *testing.T) {
	a := order.Accepted{ID: "o-1", Customer: "a@b.c", Card: "tok_secret", TotalCents: 10_000}
	if got, want := a.Payment(), (order.Payment{OrderID: "o-1", Card: "tok_secret", Cents: 10_000}); got != want {
		t.Errorf("payment %+v, want %+v", got, want)
	}
	charged := a.Charged()
	if got, want := charged.Receipt(), (order.Receipt{OrderID: "o-1", Customer: "a@b.c", Cents: 10_000}); got != want {
		t.Errorf("receipt %+v, want %+v", got, want)
	}
	if got, want := charged.Shipment(), (order.Shipment{OrderID: "o-1", Customer: "a@b.c", Speed: order.Express}); got != want {
		t.Errorf("shipment %+v, want %+v", got, want)
	}
	for _, event := range []any{charged, a.Declined(), charged.Receipt(), charged.Shipment()} {
		if text, err := json.Marshal(event); err != nil || strings.Contains(string(text), "secret") {
			t.Errorf("%T still carries the card: %s, %v", event, text, err)
		}
	}
}

func TestSpeed(t *testing.T) {
	for cents, want := range map[int64]order.Speed{
		0: order.Standard, 9_999: order.Standard, 10_000: order.Express, math.MaxInt64: order.Express,
	} {
		if got := (order.Charged{TotalCents: cents}).Speed(); got != want {
			t.Errorf("%d cents: %s, want %s", cents, got, want)
		}
	}
}

// TestImportsOnlyTheStandardLibrary keeps the domain free of the rest.
func TestImportsOnlyTheStandardLibrary(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(pkg.Imports, func(path string) bool { return strings.Contains(path, ".") }); i >= 0 {
		t.Errorf("the domain imports %s", pkg.Imports[i])
	}
}

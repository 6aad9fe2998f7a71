package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// An order of the sample. The types are loose, so that it can be wrong too.
type order struct {
	ID       any    `json:"id,omitempty"`
	Customer any    `json:"customer,omitempty"`
	Lines    any    `json:"lines,omitempty"`
	Card     string `json:"card"`
}

type line struct {
	SKU       string `json:"sku,omitempty"`
	Quantity  any    `json:"quantity,omitempty"`
	UnitCents any    `json:"unit_cents,omitempty"`
}

// text returns the order as one line of JSON.
func (o order) text() string {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false) // the way people write it
	if err := encoder.Encode(o); err != nil {
		panic(err) // the sample's orders are all of types that have a JSON
	}
	return string(bytes.TrimSpace(buffer.Bytes()))
}

// article is what the shop sells.
type article struct {
	sku   string
	cents int
}

var articles = []article{
	{"kettle", 2599},
	{"teapot", 3950},
	{"mug", 899},
	{"grinder", 6400},
	{"scale", 2150},
	{"filters", 425},
	{"café-crème", 1195},
	{"ほうじ茶", 1480},
	{"sample", 0}, // costs nothing, and that is a price
}

var (
	names = []string{
		"ada", "alan", "barbara", "donald", "edsger", "frances", "grace", "john", "katherine",
		"ken", "leslie", "margaret", "niklaus", "radia", "tony", "zoë", "søren", "joão",
	}
	domains = []string{"example.com", "example.org", "mail.example.net", "exämple.com"}
	cards   = []string{"tok_visa", "tok_mastercard", "tok_amex"}
)

// fresh returns a good order with an id that no other has.
func (g *generator) fresh() order {
	g.id++
	o := order{
		ID:       fmt.Sprintf("o-%d", g.id),
		Customer: pick(g, names) + "@" + pick(g, domains),
		Card:     pick(g, cards),
	}
	switch g.id % 97 {
	case 13:
		o.ID = fmt.Sprintf("bestellung-ü-%d", g.id)
	case 57:
		o.ID = fmt.Sprintf("注文-%d", g.id)
	}
	var lines []line
	for range 1 + g.rand.IntN(3) {
		a := pick(g, articles)
		lines = append(lines, line{a.sku, 1 + g.rand.IntN(4), a.cents})
	}
	o.Lines = lines
	return o
}

func pick[T any](g *generator, from []T) T { return from[g.rand.IntN(len(from))] }

package main

import (
	"math/rand/v2"
	"strings"
)

// orders is how many lines of the sample are not blank.
const orders = 1000

// generator makes one line after the other.
type generator struct {
	rand  *rand.Rand
	id    int
	taken []order // the good orders so far, those with an id used twice left out
	bad   []order // the invalid ones whose id nobody has used since
	wrong map[kind]int
}

// kind is what is special about a line.
type kind int

const (
	plain     kind = iota
	flaky          // the bank hangs up twice
	declined       // the bank says no
	down           // the bank never answers
	below          // costs 9,999 cents
	at             // costs 10,000 cents
	malformed      // cannot be decoded
	invalid        // breaks a rule
	repeated       // an earlier good order, byte for byte
	changed        // the id of an earlier good order, and other content
	reused         // the id of an earlier good order, and invalid
	mended         // the id of an earlier invalid order, and good
	kinds
)

// counts says how many lines of each kind there are; the rest is plain.
var counts = [kinds]int{
	flaky: 40, declined: 30, down: 3, below: 4, at: 4,
	malformed: 22, invalid: 33, repeated: 24, changed: 16, reused: 5, mended: 5,
}

// generate returns the sample.
func generate() []byte {
	g := &generator{rand: rand.New(rand.NewPCG(1001, 1000)), id: 1000, wrong: make(map[kind]int)}
	var out strings.Builder
	for i, k := range g.deal() {
		out.WriteString(g.make(k))
		switch {
		case i%250 == 17:
			out.WriteString("\r") // somebody's editor
		case i%90 == 40:
			out.WriteString("\n")
		case i%300 == 140:
			out.WriteString("\n \t ")
		}
		out.WriteString("\n")
	}
	return []byte(out.String())
}

// deal returns the kinds of all lines. The first ones are plain: the file should
// look like orders, and the kinds that refer to earlier ones need some.
func (g *generator) deal() []kind {
	const start = 10
	dealt := make([]kind, 0, orders)
	for k, n := range counts {
		for range n {
			dealt = append(dealt, kind(k))
		}
	}
	dealt = dealt[:orders-start] // plain is zero
	g.rand.Shuffle(len(dealt), func(i, j int) { dealt[i], dealt[j] = dealt[j], dealt[i] })
	return append(make([]kind, start), dealt...)
}

func (g *generator) make(k kind) string {
	switch k {
	case malformed:
		return g.malformed()
	case invalid:
		o := g.invalid()
		if o.ID != nil {
			g.bad = append(g.bad, o)
		}
		return o.text()
	case repeated:
		return g.again().text()
	case changed:
		return g.other(g.again()).text()
	case reused:
		o := g.again()
		o.Customer = "nobody"
		return o.text()
	}
	o := g.good(k)
	g.taken = append(g.taken, o)
	return o.text()
}

// good returns an order that the shop takes.
func (g *generator) good(k kind) order {
	o := g.fresh()
	switch k {
	case flaky:
		o.Card = "tok_flaky"
	case declined:
		o.Card = "tok_declined"
	case down:
		o.Card = "tok_down"
	case below:
		o.Lines = []line{{"mug", 11, 899}, {"sticker", 1, 110}}
	case at:
		o.Lines = []line{{"voucher", 4, 2500}}
	case mended:
		if n := len(g.bad); n > 0 {
			o.ID = g.bad[n-1].ID
			g.bad = g.bad[:n-1]
		}
	}
	return o
}

// again takes a good order from those so far, each at most once.
func (g *generator) again() order {
	i := g.rand.IntN(len(g.taken))
	o := g.taken[i]
	g.taken = append(g.taken[:i], g.taken[i+1:]...)
	return o
}

// other returns an order with o's id that would be another sum, on a card that
// would go another way: whoever takes it for the first one gets other totals.
func (g *generator) other(o order) order {
	changed := order{ID: o.ID, Customer: o.Customer, Lines: []line{{"piano", 1, 1234567}}, Card: "tok_visa"}
	if o.Card == "tok_visa" {
		changed.Card = "tok_declined"
	}
	return changed
}

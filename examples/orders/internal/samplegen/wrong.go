package main

import (
	"fmt"
	"math"
)

// malformed returns a line that is no order, of another kind each time.
func (g *generator) malformed() string {
	o := g.fresh()
	text := o.text()
	ways := []func() string{
		func() string { return "hello?" },
		func() string { return text[:len(text)/2] },
		func() string { return text + "}" },
		func() string { o.ID = g.id; return o.text() },
		func() string { o.Customer = []string{o.Customer.(string)}; return o.text() },
		func() string { o.Lines = line{"mug", 1, 899}; return o.text() },
		func() string { o.Lines = []line{{"mug", "two", 899}}; return o.text() },
		func() string { o.Lines = []line{{"mug", 1.5, 899}}; return o.text() },
		func() string { o.Lines = []line{{"mug", 1, "8.99"}}; return o.text() },
		func() string { return "[" + text + "]" },
		func() string { return fmt.Sprintf("id: %v, customer: %v, 2 kettles please", o.ID, o.Customer) },
	}
	return next(g, malformed, ways)()
}

// invalid returns an order that breaks a rule, another one each time.
func (g *generator) invalid() order {
	o := g.fresh()
	ways := []func(){
		func() { o.ID = nil },
		func() { o.Customer = nil },
		func() { o.Customer = "not an address" },
		func() { o.Customer = "ada@" },
		func() { o.Lines = nil },
		func() { o.Lines = []line{} },
		func() { o.Lines = []line{{"", 1, 899}} },
		func() { o.Lines = []line{{"mug", 1, 899}, {"kettle", 0, 2599}} },
		func() { o.Lines = []line{{"mug", -2, 899}} },
		func() { o.Lines = []line{{"mug", 2, -899}} },
		func() { o.Lines = []line{{"mug", 1, nil}} },
		func() { o.Lines = []line{{"mug", math.MaxInt64, 899}} },
	}
	next(g, invalid, ways)()
	return o
}

// next returns the ways in turn.
func next[T any](g *generator, k kind, ways []T) T {
	way := ways[g.wrong[k]%len(ways)]
	g.wrong[k]++
	return way
}

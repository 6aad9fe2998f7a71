package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/examples/internal/apptest"
)

const some = 60

func TestProcessorsThatStartBeforeAnyOrderMissNone(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for _, name := range []string{"p1", "p2", "p3"} {
		s.processor(name)
	}
	s.startAPI()
	s.place(some)
	s.expectExact(some)
}

func TestOrdersThatCameBeforeAnyProcessorAreNotMissed(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.startAPI()
	s.place(some)
	s.processor("p1")
	s.expectExact(some)
}

func TestAllThatStartAtOnceMissNothing(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	for _, name := range []string{"p1", "p2", "p3"} {
		apptest.Start(t, apptest.Command{Args: []string{"process", "-bank", s.bank.url, "-name", name}, Env: s.env})
	}
	s.startAPI()
	s.place(some)
	s.expectExact(some)
}

func TestInstancesShareTheLoad(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	s.bank.slow() // so much that one alone would be at it for long
	names := []string{"p1", "p2", "p3"}
	for _, name := range names {
		s.processor(name)
	}
	s.startAPI()
	s.place(some)
	assert.Len(t, s.expectExact(some).Shares, len(names))
}

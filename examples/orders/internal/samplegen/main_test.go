package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheSampleIsUpToDate(t *testing.T) {
	sample, err := os.ReadFile("../../sample.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sample, generate()) {
		t.Error("sample.ndjson is not what the generator makes; run: go generate ./examples/orders/...")
	}
}

func TestTheSampleHoldsAThousandOrders(t *testing.T) {
	lines, blank := 0, 0
	for line := range bytes.Lines(generate()) {
		if len(bytes.TrimSpace(line)) == 0 {
			blank++
		} else {
			lines++
		}
	}
	if lines != orders || blank == 0 {
		t.Errorf("%d lines and %d blank ones, want %d and some", lines, blank, orders)
	}
}

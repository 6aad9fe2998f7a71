// Samplegen writes the orders that the example brings with it: a day's worth of
// good ones, and every kind of trouble that the pipeline deals with. It always
// writes the same.
package main

import (
	"log"
	"os"
)

//go:generate go run . ../../sample.ndjson

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: samplegen FILE")
	}
	if err := os.WriteFile(os.Args[1], generate(), 0o644); err != nil {
		log.Fatal(err)
	}
}

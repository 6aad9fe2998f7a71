package main

import (
	"context"
	"strings"

	"github.com/millstream-go/millstream/examples/internal/app"
)

func main() { app.Main("payments", program) }

// roles are what the program can be.
var roles = map[string]app.Program{
	"bank":    bankRole,
	"api":     apiRole,
	"process": processRole,
	"order":   orderRole,
	"audit":   auditRole,
	"naive":   naiveRole,
}

// program runs the role that is named first, or the demonstration.
func program(ctx context.Context, args []string, std app.IO) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return demonstration(ctx, args, std)
	}
	role, ok := roles[args[0]]
	if !ok {
		return app.Usage("there is no role %q: want bank, api, process, order, audit or naive, or none for the demonstration", args[0])
	}
	return role(ctx, args[1:], std)
}

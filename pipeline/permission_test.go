package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

func TestARunNamesThePermissionsThatLack(t *testing.T) {
	t.Parallel()
	ctx, admin := t.Context(), client(t)
	for says, rules := range map[string][]any{
		"may not run xgroup|create, xclaim: grant it with ACL SETUSER": {"~*", "+@all", "-xgroup|create", "-xclaim"},
		"may not use the keys {": {"~other*", "+@all"},
	} {
		p := newPipeline(t)
		pipeline.Sink(pipeline.Source[int](p, "in"), "stage", discard[int])
		user := uniqueName(t)
		if err := admin.Do(ctx, append([]any{"ACL", "SETUSER", user, "on", ">secret"}, rules...)...).Err(); err != nil {
			t.Fatal(err)
		}
		options := *admin.Options()
		options.Username, options.Password = user, "secret"
		c := redis.NewClient(&options)
		defer c.Close()
		transport, err := streams.NewTransport(c, streams.Config{Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		err = p.Run(context.Background(), transport)
		if !errors.Is(err, streams.ErrPermission) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "ACL SETUSER "+user) {
			t.Errorf("the error of Run is %v, want one that says %q", err, says)
		}
		if err := admin.Do(ctx, "ACL", "DELUSER", user).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

package pipeline

import (
	"context"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill"
)

// routerLogger passes what the router logs on to slog, a level lower than the
// router says but for errors: that a handler was added is of use to who looks
// into the router only. Watermill's own adapter makes the attributes of each
// message's traces even if nobody wants them.
type routerLogger struct{ *slog.Logger }

// withPayload is the field in which the router logs messages as a whole.
const withPayload = "not_sent_message"

func (l routerLogger) Error(msg string, err error, fields watermill.LogFields) {
	l.log(slog.LevelError, msg, fields, slog.Any("error", err))
}

func (l routerLogger) Info(msg string, fields watermill.LogFields) {
	l.log(slog.LevelDebug, msg, fields)
}

func (l routerLogger) Debug(msg string, fields watermill.LogFields) {
	l.log(watermill.LevelTrace, msg, fields)
}

func (l routerLogger) Trace(msg string, fields watermill.LogFields) {
	l.log(watermill.LevelTrace, msg, fields)
}

func (l routerLogger) With(fields watermill.LogFields) watermill.LoggerAdapter {
	args := make([]any, 0, len(fields))
	for name, value := range fields {
		args = append(args, slog.Any(name, value))
	}
	return routerLogger{l.Logger.With(args...)}
}

func (l routerLogger) log(level slog.Level, msg string, fields watermill.LogFields, more ...slog.Attr) {
	ctx := context.Background()
	if !l.Enabled(ctx, level) {
		return
	}
	for name, value := range fields {
		if name != withPayload {
			more = append(more, slog.Any(name, value))
		}
	}
	l.LogAttrs(ctx, level, msg, more...)
}

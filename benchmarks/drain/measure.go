package drain

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// Config says what to measure.
type Config struct {
	Redis *redis.Options
	// Messages is how many wait, Size how many bytes the payload of each is.
	Messages, Size int
	// Worker returns the command that calls [Work].
	Worker func(context.Context) *exec.Cmd
}

// Result is what was seen.
type Result struct {
	Messages, Handled int
	Elapsed           time.Duration
	// WorkerRSS is the most memory that the worker had resident, in bytes.
	WorkerRSS int64
	// Full and Drained are the bytes that Redis says the stream takes, before and
	// after, and Left is how many entries it has then.
	Full, Drained, Left int64
}

// Check returns what is wrong with the numbers, or nil.
func (c Config) Check() error {
	var faults []error
	if c.Messages < 1 {
		faults = append(faults, fmt.Errorf("messages: %d is too small, 1 is the least", c.Messages))
	}
	if c.Size < 0 {
		faults = append(faults, fmt.Errorf("size: %d is not possible", c.Size))
	}
	return errors.Join(faults...)
}

// Measure fills the stream, has a worker drain it and looks at what is left.
func Measure(ctx context.Context, config Config) (*Result, error) {
	if err := config.Check(); err != nil {
		return nil, err
	}
	client := redis.NewClient(config.Redis)
	defer client.Close()
	if err := client.Unlink(ctx, topic).Err(); err != nil {
		return nil, fmt.Errorf("make room: %w", err)
	}
	if err := fill(ctx, client, config); err != nil {
		return nil, fmt.Errorf("fill the backlog: %w", err)
	}
	r := &Result{Messages: config.Messages}
	var err error
	if r.Full, err = client.MemoryUsage(ctx, topic).Result(); err != nil {
		return nil, fmt.Errorf("ask for the memory of the backlog: %w", err)
	}
	if err := r.drain(ctx, config); err != nil {
		return nil, err
	}
	if r.Left, err = client.XLen(ctx, topic).Result(); err != nil {
		return nil, fmt.Errorf("look at what is left: %w", err)
	}
	if r.Drained, err = client.MemoryUsage(ctx, topic).Result(); err != nil {
		return nil, fmt.Errorf("ask for the memory of the drained stream: %w", err)
	}
	return r, nil
}

// drain runs the worker to its end.
func (r *Result) drain(ctx context.Context, config Config) error {
	var stdout, stderr bytes.Buffer
	cmd := config.Worker(ctx)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("the worker failed: %w: %s", err, stderr.String())
	}
	r.Elapsed = time.Since(began)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return errors.New("this system does not tell how much memory a process had")
	}
	r.WorkerRSS = usage.Maxrss << 10
	var err error
	r.Handled, err = strconv.Atoi(strings.TrimSpace(stdout.String()))
	return err
}

// fill adds the messages in the wire format.
func fill(ctx context.Context, client *redis.Client, config Config) error {
	const page = 1000
	payload := strings.Repeat("x", config.Size)
	for done := 0; done < config.Messages; done += page {
		_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for range min(page, config.Messages-done) {
				pipe.XAdd(ctx, &redis.XAddArgs{Stream: topic, Values: []string{
					"_watermill_message_uuid", uuid.NewString(), "metadata", "", "payload", payload,
				}})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

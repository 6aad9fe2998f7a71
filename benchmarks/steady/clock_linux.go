package steady

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ticker is a timer of the kernel that is read as a file: whoever waits for it holds up
// neither a processor of Go's scheduler nor a thread, as in a sleep of the system.
type ticker struct{ file *os.File }

func newTicker() (ticker, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return ticker{}, fmt.Errorf("make a timer: %w", err)
	}
	return ticker{os.NewFile(uintptr(fd), "timer")}, nil
}

// nap waits for a moment.
func (t ticker) nap(_ context.Context, d time.Duration) error {
	raw, err := t.file.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.TimerfdSettime(int(fd), 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(d.Nanoseconds())}, nil)
	})
	if err != nil || set != nil {
		return fmt.Errorf("set a timer: %w", cmp.Or(err, set))
	}
	const counter = 8 // bytes that tell how often it has gone off
	_, err = t.file.Read(make([]byte, counter))
	return err
}

func (t ticker) close() { _ = t.file.Close() } // nothing is written to it

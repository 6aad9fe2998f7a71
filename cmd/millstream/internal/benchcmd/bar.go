package benchcmd

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/millstream-go/millstream/benchmarks/bench"
)

// bar is a progress for terminals:
//
//	45% ███████░░░░░░░░░  1m20s left  chain stages=3: stock, round 2 of 3
type bar struct {
	terminal *os.File
	bar      *progressbar.ProgressBar

	quit  chan struct{}
	clock sync.WaitGroup

	mu   sync.Mutex // so that the clock draws nothing between clearing and saying
	left estimate
	step bench.Step
}

const (
	barWidth = 16
	// besideWidth is what the percentage, the bar and the spaces of a line take.
	besideWidth = barWidth + 10
)

func newBar(terminal *os.File, steps int) *bar {
	b := &bar{terminal: terminal, quit: make(chan struct{}), left: estimate{begin: time.Now(), steps: steps}}
	b.bar = progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(terminal),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░"}),
		progressbar.OptionSetWidth(barWidth),
		progressbar.OptionShowDescriptionAtLineEnd(),
		// That of the library stands still during a step.
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionClearOnFinish(),
	)
	b.clock.Go(b.tick)
	return b
}

// tick counts down while a step lasts.
func (b *bar) tick() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			b.mu.Lock()
			b.draw()
			b.mu.Unlock()
		case <-b.quit:
			return
		}
	}
}

func (b *bar) begin(step bench.Step, done int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.step = step
	b.left.next(time.Now(), done)
	_ = b.bar.Set(done) // a terminal that is gone is no reason to stop measuring
	b.draw()
}

// draw draws the line, once there is something to say. b.mu is held.
func (b *bar) draw() {
	if b.step.Case == nil {
		return
	}
	text := ""
	if left, known := b.left.remaining(time.Now()); known {
		text = fmt.Sprintf("%v left  ", left)
	}
	b.bar.Describe(text + doing(b.step, b.width()-besideWidth-len(text)))
}

// width is that of the line. One that wraps is not cleared.
func (b *bar) width() int {
	if width, _, err := term.GetSize(int(b.terminal.Fd())); err == nil {
		return width
	}
	return 80
}

func (b *bar) say(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.bar.Clear()
	fmt.Fprintln(b.terminal, line)
	b.draw()
}

func (b *bar) end() {
	close(b.quit)
	b.clock.Wait()
	_ = b.bar.Clear()
}

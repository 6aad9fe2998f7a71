package main

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/internal/apptest"
)

// heldUp has a processor p1 at a payment that is charged, and whose answer is held up.
func heldUp(t *testing.T) (*system, *apptest.Process) {
	t.Helper()
	s := newSystem(t)
	s.bank.hold()
	s.startAPI()
	p1 := s.processor("p1")
	require.Equal(t, http.StatusAccepted, post(t, httpClient(t), s.api, "k-1", good).status)
	s.bank.awaitCharged(t)
	return s, p1
}

// expectOneChargeBookedBy audits the one payment.
func (s *system) expectOneChargeBookedBy(name string) {
	s.t.Helper()
	result := s.expectExact(1)
	assert.Equal(s.t, map[string]int64{name: 1}, result.Shares)
	assert.Len(s.t, s.bank.ledger.Entries(), 1)
}

func TestAProcessorKilledBetweenChargeAndCommitLeavesOneCharge(t *testing.T) {
	t.Parallel()
	s, p1 := heldUp(t)
	assert.EqualValues(t, 1, s.pendingAt("ordered", "charge"), "nothing is acknowledged before it is recorded")
	p1.Kill()
	s.processor("p2")
	s.expectOneChargeBookedBy("p2")
	assert.True(t, s.bank.asked("p2"), "the second asked for the same charge")
}

func TestAFrozenProcessorThatWakesAfterItsOrderWasTakenOverIsFenced(t *testing.T) {
	t.Parallel()
	s, p1 := heldUp(t)
	require.NoError(t, p1.Signal(syscall.SIGSTOP))
	s.processor("p2")
	s.expectOneChargeBookedBy("p2")

	s.bank.release()
	require.NoError(t, p1.Signal(syscall.SIGCONT))
	p1.Await(t, "the outputs of this run are dropped")
	p1.Interrupt()
	assert.Zero(t, p1.Wait(t), p1.Stderr())
	s.expectOneChargeBookedBy("p2")
}

func TestAProcessorThatIsToldToEndFinishesWhatItBegan(t *testing.T) {
	t.Parallel()
	s, p1 := heldUp(t)
	require.NoError(t, p1.Signal(syscall.SIGTERM))
	select {
	case <-p1.Ended():
		t.Error("it did not wait for the bank's answer")
	case <-time.After(200 * time.Millisecond):
	}
	s.bank.release()
	assert.Zero(t, p1.Wait(t), p1.Stderr())
	assert.Zero(t, s.pendingAt("ordered", "charge"), "it left nothing half done")

	s.processor("p2")
	s.expectOneChargeBookedBy("p1")
	assert.False(t, s.bank.asked("p2"), "no other had to ask the bank again")
}

func TestTheSecondSignalKillsAndLosesNothing(t *testing.T) {
	t.Parallel()
	s, p1 := heldUp(t)
	for p1.Signal(syscall.SIGTERM) == nil {
		time.Sleep(100 * time.Millisecond)
	}
	assert.Equal(t, -1, p1.Wait(t), "a signal ended it")
	s.processor("p2")
	s.expectOneChargeBookedBy("p2")
}

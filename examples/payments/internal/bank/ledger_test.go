package bank_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/examples/payments/internal/bank"
	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

func request(reference string, cents int64) bankapi.Request {
	return bankapi.Request{Reference: reference, Customer: "c-1", Amount: payment.Money{Cents: cents, Currency: "EUR"}, Card: "tok_visa"}
}

func open(t *testing.T, name string) *bank.Ledger {
	t.Helper()
	l, err := bank.Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() }) // some tests close it themselves
	return l
}

func TestAKeyIsChargedOnceHoweverOftenAndByHowManyAtOnce(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger"))
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			for i := range 5 {
				key := fmt.Sprint("k-", i)
				entry, err := l.Charge(key, request(key, 100))
				assert.NoError(t, err)
				assert.Equal(t, key, entry.Reference)
			}
		})
	}
	asking.Wait()
	assert.Len(t, l.Entries(), 5)
	_, err := l.Charge("k-1", request("k-1", 101))
	assert.ErrorIs(t, err, bank.ErrReused)
	assert.Len(t, l.Entries(), 5)
}

func TestALedgerThatABankHasIsOpenedByNoOther(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ledger")
	l := open(t, name)
	_, err := bank.Open(name)
	require.ErrorContains(t, err, "another bank has it open")
	require.NoError(t, l.Close())
	assert.Empty(t, open(t, name).Entries())
}

func TestWithoutAKeyItIsChargedEachTime(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger"))
	for range 2 {
		_, err := l.Charge("", request("pay_1", 100))
		require.NoError(t, err)
	}
	assert.Len(t, l.Entries(), 2)
}

func TestADeclinedCardIsDeclinedForGood(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger"))
	r := request("pay_1", 100)
	r.Card = bankapi.CardDeclined
	for range 2 {
		entry, err := l.Charge("pay_1", r)
		require.NoError(t, err)
		assert.Equal(t, bankapi.Declined, entry.Status)
		assert.Empty(t, entry.Postings)
	}
}

func TestWhatWasAnsweredIsThereAfterACrash(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ledger")
	before := open(t, name)
	for i := range 3 {
		key := fmt.Sprint("k-", i)
		_, err := before.Charge(key, request(key, 100))
		require.NoError(t, err)
	}
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, before.Close())
	// A crash leaves any part of a line that was being written.
	for cut := len(whole) - 1; cut > len(whole)-60; cut -= 7 {
		require.NoError(t, os.WriteFile(name, whole[:cut], 0o600))
		after := open(t, name)
		assert.Len(t, after.Entries(), 2)
		entry, err := after.Charge("k-1", request("k-1", 100))
		require.NoError(t, err)
		assert.EqualValues(t, 2, entry.Number)
		entry, err = after.Charge("k-2", request("k-2", 100))
		require.NoError(t, err)
		assert.EqualValues(t, 3, entry.Number)
		require.NoError(t, after.Close())
		again := open(t, name)
		assert.Len(t, again.Entries(), 3)
		require.NoError(t, again.Close())
	}
}

func TestALedgerThatSomebodyChangedIsNotOpened(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ledger")
	l := open(t, name)
	for i := range 3 {
		_, err := l.Charge(fmt.Sprint("k-", i), request("r", 100))
		require.NoError(t, err)
	}
	require.NoError(t, l.Close())
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	for at := 0; at < len(text)-1; at += 97 {
		changed := append([]byte(nil), text...)
		changed[at] ^= 4
		require.NoError(t, os.WriteFile(name, changed, 0o600))
		_, err := bank.Open(name)
		require.Error(t, err, "byte %d", at)
		require.NotContains(t, err.Error(), "another bank")
	}
	require.NoError(t, os.WriteFile(name, append(text, text...), 0o600))
	_, err = bank.Open(name)
	assert.ErrorContains(t, err, "line 4: it has number 1")
}

func TestAnAccountDoesNotOverflow(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger"))
	_, err := l.Charge("k-1", request("r", math.MaxInt64))
	require.NoError(t, err)
	_, err = l.Charge("k-2", request("r", 1))
	require.ErrorIs(t, err, bank.ErrFull)
	assert.Len(t, l.Entries(), 1)
	assert.NoError(t, l.Broken())
}

func TestALedgerThatCannotBeWrittenChargesNothingMore(t *testing.T) {
	l := open(t, filepath.Join(t.TempDir(), "ledger"))
	require.NoError(t, l.Close())
	for range 2 {
		_, err := l.Charge("k-1", request("r", 1))
		assert.ErrorIs(t, err, bank.ErrBroken)
	}
	assert.Empty(t, l.Entries())
	assert.True(t, errors.Is(l.Broken(), bank.ErrBroken))
}

// Package bank is a payment provider: a ledger of double entries in a file, which it keeps
// through any crash, and an HTTP server in front of it that can be told to misbehave.
package bank

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
	"github.com/millstream-go/millstream/examples/payments/internal/payment"
)

var (
	// ErrReused says that a key was used before for something else.
	ErrReused = errors.New("the key was used for another charge")
	// ErrFull says that an account would hold more than can be counted.
	ErrFull = errors.New("an account is full")
	// ErrBroken says that the ledger could not be written, and what of it is on the disk is
	// unknown until it is opened again.
	ErrBroken = errors.New("the ledger could not be written")
)

// Ledger is what the bank did. What it returned is on the disk. Its methods may be called
// concurrently.
type Ledger struct {
	mu       sync.Mutex
	file     *os.File
	entries  []bankapi.Entry
	byKey    map[string]int // index of the entry
	balances map[balance]payment.Money
	broken   error
}

type balance struct {
	account  string
	currency payment.Currency
}

// Open opens the ledger in a file, or begins one. Close it at the end: until then nobody
// else can open it.
func Open(name string) (*Ledger, error) {
	file, entries, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("the bank's ledger %s: %w", name, err)
	}
	l := &Ledger{file: file, byKey: make(map[string]int), balances: make(map[balance]payment.Money)}
	for _, entry := range entries {
		after, err := l.after(entry.Postings)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("the bank's ledger %s: entry %d: %w", name, entry.Number, err), file.Close())
		}
		l.keep(entry, after)
	}
	return l, nil
}

// Close closes the file.
func (l *Ledger) Close() error { return l.file.Close() }

// Charge charges, or declines, and returns the entry of that. For a key that was used before
// it returns the entry of then and does nothing; or [ErrReused] if that was for something
// else. Without a key it charges each time.
func (l *Ledger) Charge(key string, r bankapi.Request) (bankapi.Entry, error) {
	digest, err := digestOf(r)
	if err != nil {
		return bankapi.Entry{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return bankapi.Entry{}, l.broken
	}
	if i, ok := l.byKey[key]; ok && key != "" {
		if l.entries[i].Digest != digest {
			return bankapi.Entry{}, ErrReused
		}
		return l.entries[i], nil
	}
	number := int64(len(l.entries)) + 1
	entry := bankapi.Entry{
		Number: number, Key: key, Reference: r.Reference, Digest: digest,
		ChargeID: fmt.Sprintf("ch_%06d", number), Status: bankapi.Declined, At: time.Now().UTC(),
	}
	if r.Card != bankapi.CardDeclined {
		entry.Status = bankapi.Charged
		entry.Postings = []bankapi.Posting{
			{Account: bankapi.CustomerAccount(r.Customer), Amount: payment.Money{Cents: -r.Amount.Cents, Currency: r.Amount.Currency}},
			{Account: bankapi.Merchant, Amount: r.Amount},
		}
	}
	return entry, l.write(entry)
}

// write writes an entry. l.mu is held.
func (l *Ledger) write(entry bankapi.Entry) error {
	after, err := l.after(entry.Postings)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	text, err := line(entry)
	if err != nil {
		return err
	}
	_, err = l.file.Write(text)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		// A failed sync may have dropped what was written, and the next one would not say so.
		l.broken = fmt.Errorf("%w: %w", ErrBroken, err)
		return l.broken
	}
	l.keep(entry, after)
	return nil
}

// after returns the balances of the accounts of postings when these are booked.
func (l *Ledger) after(postings []bankapi.Posting) (map[balance]payment.Money, error) {
	after := make(map[balance]payment.Money, len(postings))
	for _, p := range postings {
		at := balance{p.Account, p.Amount.Currency}
		has, ok := after[at]
		if !ok {
			has = l.balances[at]
			has.Currency = p.Amount.Currency
		}
		sum, err := has.Add(p.Amount)
		if err != nil {
			return nil, fmt.Errorf("account %s: %w", p.Account, err)
		}
		after[at] = sum
	}
	return after, nil
}

func (l *Ledger) keep(entry bankapi.Entry, after map[balance]payment.Money) {
	if entry.Key != "" {
		l.byKey[entry.Key] = len(l.entries)
	}
	l.entries = append(l.entries, entry)
	maps.Copy(l.balances, after)
}

// Entries returns all of it.
func (l *Ledger) Entries() []bankapi.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clip(l.entries) // entries are only added
}

// Broken returns why nothing can be written any more, or nil.
func (l *Ledger) Broken() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// digestOf returns what tells one request from another, and nothing of the card.
func digestOf(r bankapi.Request) (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}

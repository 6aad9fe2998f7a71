package bank

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/millstream-go/millstream/examples/payments/internal/bankapi"
)

// line returns an entry as it is written: its checksum, in hex, a blank, and the entry as
// JSON.
func line(entry bankapi.Entry) ([]byte, error) {
	text, err := json.Marshal(entry)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%s %s\n", checksum(text), text), nil
}

var errTorn = errors.New("the line is not whole")

// parse reads a line without its end.
func parse(text []byte) (entry bankapi.Entry, err error) {
	sum, body, _ := bytes.Cut(text, []byte(" "))
	if string(sum) != checksum(body) {
		return entry, errTorn
	}
	return entry, json.Unmarshal(body, &entry)
}

func checksum(body []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(body)) }

// read reads all entries, and returns how long they are. What is behind them is half a
// line at most: one that a crash cut off, and that nobody was told of.
func read(file io.Reader) (entries []bankapi.Entry, length int64, err error) {
	reader := bufio.NewReader(file)
	for {
		text, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return entries, length, nil
		}
		if err != nil {
			return nil, 0, err
		}
		entry, err := parse(bytes.TrimSuffix(text, []byte("\n")))
		if err == nil && entry.Number != int64(len(entries))+1 {
			err = fmt.Errorf("it has number %d", entry.Number)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("line %d: %w: somebody changed it, or the disk did: restore it from a copy", len(entries)+1, err)
		}
		entries = append(entries, entry)
		length += int64(len(text))
	}
}

// open opens the file, or makes it, for writing behind its entries.
func open(name string) (_ *os.File, entries []bankapi.Entry, err error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close() // nothing was written
		}
	}()
	if err := lock(file); err != nil {
		return nil, nil, err
	}
	entries, length, err := read(file)
	if err != nil {
		return nil, nil, err
	}
	if err := file.Truncate(length); err != nil {
		return nil, nil, err
	}
	if _, err := file.Seek(length, io.SeekStart); err != nil {
		return nil, nil, err
	}
	return file, entries, errors.Join(file.Sync(), syncDirectory(filepath.Dir(name)))
}

var errLocked = errors.New("another bank has it open: end that one, or take another file")

// lock keeps others from opening the file: of two banks on one ledger each would write over
// what the other did. The lock ends with the process, however that ends.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// syncDirectory has a new file's name outlive a power failure.
func syncDirectory(name string) error {
	directory, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(directory.Sync(), directory.Close())
}

package redistest

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// readRequest reads one request as it is on the wire: an array of bulk strings,
// which is what clients send, or one line.
func readRequest(in *bufio.Reader) ([]byte, error) {
	request, err := in.ReadBytes('\n')
	if err != nil || request[0] != '*' {
		return request, err
	}
	count, err := readSize(request)
	if err != nil {
		return nil, err
	}
	for range count {
		header, err := in.ReadBytes('\n')
		if err != nil {
			return nil, err
		}
		size, err := readSize(header)
		if err != nil {
			return nil, err
		}
		request = append(request, header...)
		start := len(request)
		request = append(request, make([]byte, size+len("\r\n"))...)
		if _, err := io.ReadFull(in, request[start:]); err != nil {
			return nil, err
		}
	}
	return request, nil
}

// readSize reads the number in a header such as "*3\r\n" or "$5\r\n".
func readSize(header []byte) (int, error) {
	size, err := strconv.Atoi(strings.TrimRight(string(header[1:]), "\r\n"))
	if err != nil || size < 0 {
		return 0, fmt.Errorf("not the header of a request: %q", header)
	}
	return size, nil
}

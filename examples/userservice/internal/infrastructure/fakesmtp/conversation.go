package fakesmtp

import (
	"bufio"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

const (
	silence = time.Minute // until a client is given up
	maxMail = 1 << 20     // bytes
)

// conversation is one connection's.
type conversation struct {
	server   *Server
	from, to string
}

// hold speaks until the client has enough or does not understand.
func (c *conversation) hold(conn net.Conn) {
	text := textproto.NewConn(conn)
	say := func(reply string) bool { return text.PrintfLine("%s", reply) == nil }
	if !say("220 fake ESMTP") {
		return
	}
	for {
		if conn.SetDeadline(time.Now().Add(silence)) != nil {
			return
		}
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		verb, argument, _ := strings.Cut(line, " ")
		switch verb = strings.ToUpper(verb); verb {
		case "DATA":
			if !c.data(text, say) {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			if !say(c.answer(verb, argument)) {
				return
			}
		}
	}
}

// answer returns the reply to all that is one line.
func (c *conversation) answer(verb, argument string) string {
	switch verb {
	case "HELO", "EHLO", "NOOP":
		return "250 fake"
	case "RSET":
		c.from, c.to = "", ""
		return "250 forgotten"
	case "MAIL":
		if c.server.away() {
			return "421 come back later"
		}
		c.to = ""
		if c.from = path(argument, "FROM:"); c.from == "" {
			return "501 want MAIL FROM:<address>"
		}
		return "250 sender"
	case "RCPT":
		if c.from == "" {
			return "503 MAIL first"
		}
		if c.to = path(argument, "TO:"); c.to == "" {
			return "501 want RCPT TO:<address>"
		}
		return "250 recipient"
	default:
		return "502 not here"
	}
}

// data reads a mail and says what becomes of it.
func (c *conversation) data(text *textproto.Conn, say func(string) bool) bool {
	if c.to == "" {
		return say("503 RCPT first")
	}
	if !say("354 end with a dot") {
		return false
	}
	lines := text.DotReader()
	parsed, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(lines, maxMail)))
	id := ""
	if err == nil {
		id = strings.Trim(parsed.Header.Get("Message-ID"), "<>")
	}
	if _, err := io.Copy(io.Discard, lines); err != nil {
		return false
	}
	to := c.to
	c.from, c.to = "", ""
	if id == "" {
		return say("554 want a mail with a Message-ID")
	}
	reply := c.server.take(to, id)
	c.server.pause()
	return say(reply)
}

// path returns what is between the angle brackets.
func path(argument, keyword string) string {
	if len(argument) < len(keyword) || !strings.EqualFold(argument[:len(keyword)], keyword) {
		return ""
	}
	_, rest, _ := strings.Cut(argument[len(keyword):], "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

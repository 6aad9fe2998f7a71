package redistest

import (
	"net"
	"os"
	"os/exec"
)

// command returns the command line of the server.
func (s *Server) command() (*exec.Cmd, error) {
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return nil, err
	}
	var args []string
	if s.config != "" {
		args = append(args, s.path("conf"))
	}
	args = append(args,
		"--bind", host, "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no",
		// A replica that asks for the data gets it at once.
		"--repl-diskless-sync-delay", "0",
	)
	if s.secure != nil {
		args = append(args, "--port", "0", "--tls-port", port)
		args = append(args, s.secure.args()...)
	} else {
		args = append(args, "--port", port)
	}
	if s.clustered {
		_, bus, err := net.SplitHostPort(s.busAddr)
		if err != nil {
			return nil, err
		}
		args = append(args, "--cluster-enabled", "yes", "--cluster-port", bus)
	}
	args = append(args, s.args...)
	if s.config != "" {
		args = append(args, "--sentinel")
	}
	return exec.Command(s.binary, args...), nil
}

// writeConfig writes the file that the server begins with, if it has one.
func (s *Server) writeConfig() error {
	if s.config == "" {
		return nil
	}
	return os.WriteFile(s.path("conf"), []byte(s.config), 0o600)
}

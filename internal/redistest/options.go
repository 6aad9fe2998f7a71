package redistest

// An Option changes how a server is started.
type Option func(*Server)

// AOF makes the server append every write to a file, synced before it replies:
// what a client was told is written survives [Server.Kill].
func AOF() Option {
	return Args("--appendonly", "yes", "--appendfsync", "always")
}

// Args adds arguments to the command line of redis-server. They come last, so
// they win over the package's own.
func Args(args ...string) Option {
	return func(s *Server) { s.args = append(s.args, args...) }
}

// Supervised brings the server back, on the same port and with the same
// directory, when it ends without being asked to, as an init system would.
// [Server.Kill] counts as asking: after it the server stays away until
// [Server.Restart].
func Supervised() Option {
	return func(s *Server) { s.supervised = true }
}

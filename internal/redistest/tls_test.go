package redistest

import (
	"crypto/tls"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestAServerWithTLSTakesItsOwnClientsOnly(t *testing.T) {
	t.Parallel()
	server := Start(t, TLS())
	mustPing(t, server)

	opts, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	opts.TLSConfig.RootCAs = server.TLSConfig().RootCAs
	opts.TLSConfig.Certificates = server.TLSConfig().Certificates
	known := redis.NewClient(opts)
	defer known.Close()
	if err := known.Ping(t.Context()).Err(); err != nil {
		t.Errorf("by URL: %v", err)
	}

	for name, config := range map[string]*tls.Config{
		"without TLS":           nil,
		"without the authority": {Certificates: server.TLSConfig().Certificates},
		"without a certificate": {RootCAs: server.TLSConfig().RootCAs},
		"of another authority":  Start(t, TLS()).TLSConfig(),
	} {
		stranger := redis.NewClient(&redis.Options{Addr: server.Addr(), TLSConfig: config, MaxRetries: -1, DialerRetries: 1})
		if err := stranger.Ping(t.Context()).Err(); err == nil {
			t.Errorf("a client %s was let in", name)
		}
		_ = stranger.Close()
	}
}

func TestRestartWithTLS(t *testing.T) {
	t.Parallel()
	server := Start(t, TLS(), AOF())
	client := server.Client(t)
	mustSet(t, client, "key", "value")
	server.Restart(t)
	if got, err := client.Get(t.Context(), "key").Result(); err != nil || got != "value" {
		t.Errorf("after the restart: %q, %v", got, err)
	}
}

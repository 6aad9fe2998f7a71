package snippets_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/pipeline"
	"github.com/millstream-go/millstream/streams"
)

// secured starts a redis-server with the users of the guide. It has but an admin to
// begin with: redistest asks as the default user whether it is ready.
func secured(t *testing.T) (on *redistest.Server, admin *redis.Client) {
	t.Helper()
	dir := t.TempDir()
	conf, err := filepath.Abs("redis/acl.conf")
	require.NoError(t, err)
	users := filepath.Join(dir, "users.acl")
	require.NoError(t, os.WriteFile(users, []byte(regexp.MustCompile(`(?m)^user admin .*$`).FindString(read(t, "redis/users.acl"))), 0o600))
	on = redistest.Start(t, redistest.Args("--dir", dir, "--include", conf))
	require.NoError(t, os.WriteFile(users, []byte(read(t, "redis/users.acl")), 0o600))
	s := newShell(t, on)
	s.env = append(s.env, "REDISCLI_AUTH=admin-password")
	s.run(t, "redis/acl.sh")
	return on, as(t, on, "admin")
}

// as returns a client that is logged in as one of the guide's users.
func as(t *testing.T, on *redistest.Server, user string) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: on.Addr(), Username: user, Password: user + "-password", DialerRetries: 1})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestThePipelineRunsWithTheUsersOfTheGuide(t *testing.T) {
	t.Parallel()
	on, admin := secured(t)
	sent := make(chan Receipt, 10)
	p, placed := composeShop("shop", func(_ context.Context, r Receipt) error {
		if r.OrderID == "o-1" && len(sent) == 0 {
			sent <- r
			return errors.New("comes again")
		}
		sent <- r
		return nil
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, transportOn(t, as(t, on, "worker"))) }()
	require.NoError(t, publish(ctx, transportOn(t, as(t, on, "publisher")), placed, Order{"o-1", 100}, Order{"o-2", 0}, Order{"o-3", 1}))
	// The operator's permissions are for looking, and for waiting.
	operator := as(t, on, "operator")
	await(t, "all are sent", func() bool { return len(sent) == 3 })
	waitIdle(t, p, transportOn(t, operator))
	require.EqualValues(t, 1, operator.XLen(ctx, p.PoisonTopic()).Val())
	stop()
	require.NoError(t, <-ended)

	denials, err := admin.ACLLog(t.Context(), 100).Result()
	require.NoError(t, err)
	requireOnlyGreetings(t, denials)
}

// requireOnlyGreetings requires that nothing was denied that is of use: what go-redis says
// of itself, and what would make an error clearer.
func requireOnlyGreetings(t *testing.T, denials []*redis.ACLLogEntry) {
	t.Helper()
	for _, denied := range denials {
		require.Contains(t, []string{"client|maint_notifications", "client|setinfo", "type"}, denied.Object, "to %s", denied.Username)
	}
}

func TestTheUsersOfTheGuideMayDoNothingElse(t *testing.T) {
	t.Parallel()
	on, admin := secured(t)
	ctx := t.Context()
	require.NoError(t, admin.XAdd(ctx, &redis.XAddArgs{Stream: "{shop}:placed", Values: []any{"a", "b"}}).Err())
	for user, commands := range map[string][]string{
		"worker":    {"FLUSHALL", "KEYS *", "CONFIG GET dir", "XADD {other}:placed * a b", "DEL {other}:placed", "ACL LIST", "SHUTDOWN", "XGROUP DESTROY {shop}:placed charge", "PUBLISH any thing"},
		"publisher": {"XRANGE {shop}:placed - +", "XREAD STREAMS {shop}:placed 0", "DEL {shop}:placed", "XADD {other}:placed * a b", "GET {shop}:placed"},
		"operator":  {"XADD {shop}:placed * a b", "XDEL {shop}:placed 0-1", "DEL {shop}:placed", "XRANGE {other}:placed - +", "EVAL return(redis.call('DEL',KEYS[1])) 1 {shop}:placed"},
	} {
		client := as(t, on, user)
		for _, command := range commands {
			var args []any
			for word := range strings.FieldsSeq(command) {
				args = append(args, word)
			}
			err := client.Do(ctx, args...).Err()
			require.Error(t, err, "%s: %s", user, command)
			require.Regexp(t, `NOPERM|can't run this command`, err.Error(), "%s: %s", user, command)
		}
	}
	require.ErrorContains(t, on.Client(t).Ping(ctx).Err(), "NOAUTH")
	require.EqualValues(t, 1, admin.XLen(ctx, "{shop}:placed").Val())

	p, _ := composeShop("shop", send)
	err := p.Run(ctx, transportOn(t, as(t, on, "publisher")))
	require.ErrorIs(t, err, streams.ErrPermission)
}

// The reference has the reasons, and tests of its own that each is needed.
func TestTheUsersOfTheGuideAreThoseOfTheReference(t *testing.T) {
	reference := strings.ReplaceAll(read(t, root+"/docs/operations.md"), "{orders}", "{shop}")
	for _, user := range []string{"worker", "publisher", "operator"} {
		var want []string
		for _, line := range regexp.MustCompile(`(?m)^ACL SETUSER `+user+` (.*)$`).FindAllStringSubmatch(reference, -1) {
			want = append(want, strings.Fields(line[1])...)
		}
		require.NotEmpty(t, want)
		line := regexp.MustCompile(`(?m)^user ` + user + ` (.*)$`).FindStringSubmatch(read(t, "redis/users.acl"))
		got := strings.Fields(line[1])
		isPassword := func(rule string) bool { return rule[0] == '>' || rule[0] == '#' }
		require.ElementsMatch(t, slices.DeleteFunc(want, isPassword), slices.DeleteFunc(got, isPassword), user)
	}
}

func TestAWorkerLacksOnePermissionToWaitUntilNothingIsLeftToDo(t *testing.T) {
	t.Parallel()
	on, admin := secured(t)
	transport := transportOn(t, as(t, on, "worker"))
	stages := []pipeline.Subscription{{Topic: "{shop}:placed", Group: "charge", Poison: "{shop}:poison"}}
	require.NoError(t, transport.Prepare(t.Context(), stages))
	_, err := transport.Idle(t.Context(), stages)
	require.ErrorContains(t, err, "can't run this command")
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", "worker", "+xrevrange").Err())
	idle, err := transport.Idle(t.Context(), stages)
	require.NoError(t, err)
	require.True(t, idle)
}

func TestThePasswordOfAUserIsItsHash(t *testing.T) {
	s := newShell(t, server)
	golden(t, "redis/password.txt", s.run(t, "redis/password.sh"))
	require.Contains(t, read(t, "redis/users.acl"), "user worker on #"+strings.Fields(read(t, "redis/password.txt"))[0])
}

// encrypted starts a redis-server with the configuration of the guide, with another port.
func encrypted(t *testing.T) (on *redistest.Server, dir string) {
	t.Helper()
	dir = t.TempDir()
	conf := filepath.Join(dir, "tls.conf")
	require.NoError(t, os.WriteFile(conf, nil, 0o600))
	on = redistest.Start(t, redistest.TLS(), redistest.Args("--dir", dir, "--include", conf))
	copyCertificates(t, on, dir)
	_, port, err := net.SplitHostPort(on.Addr())
	require.NoError(t, err)
	text := strings.Replace(read(t, "redis/tls.conf"), "tls-port 6379", "tls-port "+port, 1)
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o600))
	on.Restart(t)
	return on, dir
}

// copyCertificates copies those of a server to where the guide has them.
func copyCertificates(t *testing.T, of *redistest.Server, dir string) {
	t.Helper()
	for setting, name := range map[string]string{"tls-cert-file": "server.crt", "tls-key-file": "server.key", "tls-ca-cert-file": "ca.crt"} {
		path := of.Client(t).ConfigGet(t.Context(), setting).Val()[setting]
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(read(t, path)), 0o600))
	}
}

// begin tls
// secure returns a configuration that trusts the authority in one file, and shows
// the certificate in two others.
func secure(authorityFile, certFile, keyFile string) (*tls.Config, error) {
	pem, err := os.ReadFile(authorityFile)
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		return nil, errors.New(authorityFile + " has no certificate")
	}
	own, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: authorities, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}, nil
}

// end tls

func TestThePipelineRunsOverTLS(t *testing.T) {
	t.Parallel()
	on, dir := encrypted(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	require.Equal(t, "server.crt", on.Client(t).ConfigGet(t.Context(), "tls-cert-file").Val()["tls-cert-file"])

	url := on.URL()
	// The test has one certificate for both ends.
	config, err := secure(in("ca.crt"), in("server.crt"), in("server.key"))
	require.NoError(t, err)
	// begin tls-client
	options, err := redis.ParseURL(url) // rediss://worker:...@redis.example.com:6379
	check(err)
	options.TLSConfig.RootCAs = config.RootCAs // ServerName stays that of the URL
	options.TLSConfig.Certificates = config.Certificates
	client := redis.NewClient(options)
	defer client.Close()
	// end tls-client
	sent := make(chan string, 1)
	p, placed := composeShop("shop", func(_ context.Context, r Receipt) error {
		sent <- r.OrderID
		return nil
	})
	transport := transportOn(t, client)
	require.NoError(t, publish(t.Context(), transport, placed, Order{"o-1", 100}))
	require.NoError(t, workOff(t.Context(), p, transport))
	require.Equal(t, "o-1", <-sent)

	for what, bad := range map[string]*tls.Config{
		"no certificate":         {RootCAs: config.RootCAs},
		"an authority not known": {Certificates: config.Certificates},
		"no TLS":                 nil,
		"an old TLS":             {RootCAs: config.RootCAs, Certificates: config.Certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, //nolint:gosec // it is to be refused
	} {
		client := redis.NewClient(&redis.Options{Addr: on.Addr(), TLSConfig: bad, DialerRetries: 1, MaxRetries: -1})
		require.Error(t, client.Ping(t.Context()).Err(), what)
		require.NoError(t, client.Close())
	}
}

func TestCertificatesAreReplacedWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	on, dir := encrypted(t)
	s := newShell(t, on, "--tls", "--cacert", "ca.crt", "--cert", "server.crt", "--key", "server.key")
	s.dir = t.TempDir()
	for _, name := range []string{"server.crt", "server.key", "ca.crt"} { // the operator's own
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(read(t, filepath.Join(dir, name))), 0o600))
	}
	next := redistest.Start(t, redistest.TLS())
	renewed := redis.NewClient(&redis.Options{Addr: on.Addr(), TLSConfig: next.TLSConfig(), DialerRetries: 1, MaxRetries: -1})
	defer renewed.Close()
	require.Error(t, renewed.Ping(t.Context()).Err())
	copyCertificates(t, next, dir)
	require.Equal(t, "OK\n", s.run(t, "redis/renew.sh"))
	require.NoError(t, renewed.Ping(t.Context()).Err())
}

package streams_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"

	"github.com/millstream-go/millstream/internal/redistest"
	"github.com/millstream-go/millstream/streams"
)

// connectTLS starts a server that only speaks TLS, and returns its address, the
// certificates by which it is known and lets clients in, and what stops it.
func connectTLS() (url string, roots *x509.CertPool, own []tls.Certificate, done func()) {
	secure, stop, err := redistest.StartShared(redistest.TLS())
	if err != nil {
		panic(err)
	}
	config := secure.TLSConfig()
	return secure.URL(), config.RootCAs, config.Certificates, stop
}

// A rediss:// URL is one of a server that speaks TLS. Certificates are needed only
// where the system does not trust the server's, or the server asks for the client's.
func ExampleNewPublisher_tls() {
	url, roots, own, done := connectTLS() // in a program: "rediss://user:password@redis.example.com:6379/0"
	defer done()
	options, err := redis.ParseURL(url)
	if err != nil {
		fmt.Println(err)
		return
	}
	options.TLSConfig.RootCAs = roots
	options.TLSConfig.Certificates = own
	client := redis.NewClient(options)
	defer client.Close()

	publisher, err := streams.NewPublisher(client, streams.PublisherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer publisher.Close()
	fmt.Println(publisher.Publish("{example}:letters", message.NewMessage(watermill.NewUUID(), []byte("a"))))
	// Output: <nil>
}

// With Sentinel, the client asks the sentinels which server is the master, and
// follows when they make another one.
func ExampleNewTransport_sentinel() {
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName:    "main",
		SentinelAddrs: []string{"sentinel-1:26379", "sentinel-2:26379", "sentinel-3:26379"},
		PoolSize:      40, // twice the stages that a process runs, at least
	})
	defer client.Close()
	transport, err := streams.NewTransport(client, streams.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%T\n", transport)
	// Output: *streams.Transport
}

// A program that is told by its configuration what to connect to: several addresses
// are those of a cluster, or with a master's name those of its sentinels.
func ExampleNewTransport_universal() {
	for _, options := range []*redis.UniversalOptions{
		{Addrs: []string{"redis:6379"}},
		{Addrs: []string{"redis:6379"}, TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12}},
		{Addrs: []string{"sentinel-1:26379", "sentinel-2:26379"}, MasterName: "main"},
		{Addrs: []string{"node-1:6379", "node-2:6379", "node-3:6379"}},
	} {
		client := redis.NewUniversalClient(options)
		if _, err := streams.NewTransport(client, streams.Config{}); err != nil {
			fmt.Println(err)
		}
		fmt.Printf("%T\n", client)
		_ = client.Close()
	}
	// Output:
	// *redis.Client
	// *redis.Client
	// *redis.Client
	// *redis.ClusterClient
}

// Package redisstore has the parts of middleware that keep what they know in Redis,
// so that all processes know the same.
//
//   - [Limiter] hands out the tokens of a middleware.RateLimit.
//   - [Dedup] keeps which messages were processed, for transports without a handoff.
//
// Each is used through any go-redis v9 client, of a single server, with Sentinel, Ring or
// Cluster. Whoever makes the client closes it last: after the router, and after the
// [Dedup]. All methods may be called concurrently.
package redisstore

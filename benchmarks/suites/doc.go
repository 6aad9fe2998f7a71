// Package suites has the questions that millstream bench answers: each suite is a few
// cases for package bench, made for a Redis and with the settings of the command line.
//
// The contenders, in every suite that has work for them:
//
//	ceiling     a loop written by hand on go-redis, with the scripts of streams and no framework
//	millstream  pipelines, publishers and subscribers of this module on Redis Streams
//	stock       watermill-redisstream in Watermill's router, all settings as they come
//	article     what tutorials show: XREADGROUP COUNT 10, then XADD and XACK for each message
//	pubsub      publishers and subscribers of this module on Redis Pub/Sub
//	pubsub-raw  a loop written by hand on go-redis: SUBSCRIBE and PUBLISH
package suites

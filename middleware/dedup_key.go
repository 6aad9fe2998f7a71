package middleware

import "github.com/ThreeDotsLabs/watermill/message"

// ByUUID takes messages with the same UUID for duplicates: those that were
// published twice, or forwarded by a publisher that kept it. It is the default of
// [Dedup.Key].
func ByUUID(msg *message.Message) string { return msg.UUID }

// ByMetadata returns a [Dedup.Key] that takes messages for duplicates that have the
// same value in the metadata of that name, such as an idempotency key. Those
// without a value are not looked at.
func ByMetadata(name string) func(*message.Message) string {
	return func(msg *message.Message) string { return msg.Metadata.Get(name) }
}

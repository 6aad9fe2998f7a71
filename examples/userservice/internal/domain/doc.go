// Package domain is what the service is about, and knows nothing of how it is done: no
// database, no broker, no HTTP. A [User] has an [Email]; [Register] makes one of what
// somebody typed, and the event [UserRegistered] that tells others.
package domain

// Package index is a full-text index of tasks, embedded, in a directory: bleve's. It takes
// events in any order and any number of times, and always ends with the newest state of
// each task; and it can be made anew from all events while it is searched.
package index

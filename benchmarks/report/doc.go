// Package report makes of []bench.Result what people and programs read: a table for the
// terminal, a page of Markdown with plots, JSON, the format of benchstat, and what has
// changed from one run to another.
//
//	results ─▶ Report ─▶ WriteTable, WriteJSON, WriteMarkdown, WriteBenchstat
//	                  ─▶ WriteDir: results.json, report.md, *.svg ─▶ Read ─▶ Compare
//
// Nothing here measures anything but the machine, which is [Describe]'s work.
package report

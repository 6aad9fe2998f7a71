package index

import (
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis/analyzer/keyword"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/mapping"

	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// The fields of a document.
const (
	title       = "title"
	description = "description"
	labels      = "labels"
	status      = "status"
	due         = "due"
	version     = "version"
	gone        = "gone"
	whole       = "whole"
	everything  = "_all" // bleve's: what a query without a field looks at
)

// searchable are the fields that a query may name.
var searchable = []string{title, description, labels, status, due}

// document is what is kept of a task. Of a deleted one it is a tombstone, with the version
// and nothing else to be found: without it an event that comes late would bring the task
// back.
type document struct {
	Title       string     `json:"title,omitempty"`
	Description string     `json:"description,omitempty"`
	Labels      []string   `json:"labels,omitempty"`
	Status      string     `json:"status,omitempty"`
	Due         *time.Time `json:"due,omitempty"`
	Version     int64      `json:"version"`
	Gone        string     `json:"gone"`
	// Whole is the task as JSON.
	Whole string `json:"whole,omitempty"`
}

// BleveType is the name of the mapping.
func (document) BleveType() string { return "task" }

// The values of document.Gone.
const isGone, isHere = "yes", "no"

func documentOf(e task.Event, encoded string) document {
	t := e.Task
	if e.Kind == task.Deleted {
		return document{Version: t.Version, Gone: isGone}
	}
	return document{
		Title: t.Title, Description: t.Description, Labels: t.Labels, Status: string(t.Status), Due: t.Due,
		Version: t.Version, Gone: isHere, Whole: encoded,
	}
}

// newMapping says how the fields are searched.
func newMapping() mapping.IndexMapping {
	text := bleve.NewTextFieldMapping()
	text.Analyzer = en.AnalyzerName
	word := bleve.NewTextFieldMapping()
	word.Analyzer = keyword.Name
	apart := bleve.NewTextFieldMapping() // a word that no query without a field finds
	apart.Analyzer, apart.IncludeInAll = keyword.Name, false
	kept := bleve.NewTextFieldMapping()
	kept.Index, kept.IncludeInAll, kept.IncludeTermVectors, kept.DocValues = false, false, false, false
	when := bleve.NewDateTimeFieldMapping()
	when.IncludeInAll = false
	number := bleve.NewNumericFieldMapping()
	number.IncludeInAll = false

	fields := bleve.NewDocumentStaticMapping()
	fields.AddFieldMappingsAt(title, text)
	fields.AddFieldMappingsAt(description, text)
	fields.AddFieldMappingsAt(labels, word)
	fields.AddFieldMappingsAt(status, apart)
	fields.AddFieldMappingsAt(due, when)
	fields.AddFieldMappingsAt(version, number)
	fields.AddFieldMappingsAt(gone, apart)
	fields.AddFieldMappingsAt(whole, kept)

	all := bleve.NewIndexMapping()
	all.AddDocumentMapping(document{}.BleveType(), fields)
	all.DefaultMapping = bleve.NewDocumentDisabledMapping()
	all.DefaultAnalyzer = en.AnalyzerName
	return all
}

package rest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/millstream-go/millstream/examples/internal/web"
	"github.com/millstream-go/millstream/examples/tasks/internal/task"
)

// tag returns the ETag of a version.
func tag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// noVersion is one that no task has.
const noVersion = -1

// ifMatch returns the version that a change is to be made to. Without one it refuses, for
// then two clients that change a task at once would not learn of each other.
func ifMatch(w http.ResponseWriter, r *http.Request) (version int64, ok bool) {
	const want = `say which version you change: If-Match: "3", the ETag that you got, or If-Match: * for any`
	given := r.Header.Values("If-Match")
	if len(given) == 0 {
		web.Refuse(w, http.StatusPreconditionRequired, want)
		return 0, false
	}
	text := strings.TrimSpace(given[0])
	if text == "*" && len(given) == 1 {
		return task.AnyVersion, true
	}
	// A weak one matches nothing: RFC 9110 wants a strong comparison.
	quoted := strings.TrimPrefix(text, "W/")
	inner, found := strings.CutPrefix(quoted, `"`)
	inner, closed := strings.CutSuffix(inner, `"`)
	if len(given) > 1 || !found || !closed || len(quoted) < 2 || strings.ContainsAny(inner, `",`) {
		web.Refuse(w, http.StatusBadRequest, "If-Match is not one ETag: "+want)
		return 0, false
	}
	version, err := strconv.ParseInt(inner, 10, 64)
	if err != nil || version < 1 || quoted != text || tag(version) != text {
		return noVersion, true
	}
	return version, true
}

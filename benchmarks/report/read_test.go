package report_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/millstream-go/millstream/benchmarks/report"
)

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "results.json")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestWhatProgramsWereGivenCanBeRead(t *testing.T) {
	r := sample()
	again, err := report.Read(file(t, text(t, r.WriteJSON)))
	require.NoError(t, err)
	assert.Equal(t, r.Results, again.Results)
	assert.Zero(t, again.Environment)
}

func TestAFileThatIsNoReportIsRefusedWithThePlace(t *testing.T) {
	const result = `{"suite": "chain", "case": "stages=3", "contender": "stock"}`
	for name, c := range map[string]struct{ content, place, says string }{
		"empty":         {" \n", "", "the file is empty"},
		"not JSON":      {"{\n  \"results\": oops\n}", ":2:14", "no report of millstream bench: invalid character 'o'"},
		"cut short":     {"{\n  \"results\": [", ":2:", "the file ends too early"},
		"a number":      {"42", ":1:", "no report of millstream bench"},
		"another file":  {`{"name": "left-pad"}`, "", "there are no results in it"},
		"nothing in it": {"[]", "", "there are no results in it"},
		"a wrong type":  {"[\n{\"suite\": \"chain\",\n \"lost\": \"many\"}]", ":3:", "lost cannot be a string"},
		"no suite":      {`[{"case": "stages=3"}]`, "", `results[0] has no "suite"`},
		"no case":       {`[{"suite": "chain"}]`, "", `results[0] has no "case"`},
		"no contender":  {`[{"suite": "chain", "case": "stages=3"}]`, "", `results[0] has no "contender"`},
		"null":          {`[null]`, "", `results[0] has no "suite"`},
		"twice":         {"[" + result + "," + result + "]", "", "results[0] and results[1] are both of suite chain"},
		"more than one": {result + result, ":1:", "no report of millstream bench"},
	} {
		t.Run(name, func(t *testing.T) {
			path := file(t, c.content)
			_, err := report.Read(path)
			var input *report.InputError
			require.ErrorAs(t, err, &input)
			assert.ErrorContains(t, err, path+c.place)
			assert.ErrorContains(t, err, c.says)
		})
	}
}

func TestAFileThatIsNotThereIsToldFromAWrongOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.json")
	_, err := report.Read(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, path)
}

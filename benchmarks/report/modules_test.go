package report

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVersionsAreThoseOfTheBuild(t *testing.T) {
	info := &debug.BuildInfo{
		Main: debug.Module{Path: self, Version: "(devel)"},
		Deps: []*debug.Module{
			{Path: "github.com/ThreeDotsLabs/watermill", Version: "v1.5.1"},
			{Path: "github.com/redis/go-redis/v9", Version: "v9.0.0", Replace: &debug.Module{Path: "../redis"}},
			{Path: "example.com/other", Version: "v1.0.0"},
		},
	}
	assert.Equal(t, map[string]string{"watermill": "v1.5.1", "go-redis": "replaced", "millstream": "(devel)"}, modules(info))

	info.Settings = []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"},
		{Key: "vcs.modified", Value: "true"},
	}
	assert.Equal(t, "0123456789ab+changes", modules(info)["millstream"])

	info.Main, info.Deps = debug.Module{Path: "example.com/own"}, []*debug.Module{{Path: self, Version: "v0.3.0"}}
	assert.Equal(t, map[string]string{"millstream": "v0.3.0"}, modules(info), "the revision is that of another module")
}

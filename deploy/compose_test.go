// Package deploy_test checks that the files of the stack in docker-compose.yml fit
// together, where no container can run.
package deploy_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
)

// stack loads docker-compose.yml as docker compose does: checked against the schema,
// with its paths resolved.
func stack(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithName("millstream"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestTheStackServesWhatItsUsersCall(t *testing.T) {
	want := map[string][]string{
		"redis":      {"6379"},
		"jaeger":     {"4317", "4318", "16686"},
		"prometheus": {"9090"},
		"grafana":    {"3000"},
	}
	project := stack(t)
	if got := slices.Sorted(maps.Keys(project.Services)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
		t.Errorf("the services are %v", got)
	}
	for name, ports := range want {
		service := project.Services[name]
		for _, port := range ports {
			if !publishes(service, port) {
				t.Errorf("%s does not publish %s as itself: %+v", name, port, service.Ports)
			}
		}
		if len(service.Ports) > len(ports) {
			t.Errorf("%s publishes more than %v: %+v", name, ports, service.Ports)
		}
	}
}

func TestEveryPortIsOfThisMachineOnly(t *testing.T) {
	for name, service := range stack(t).Services {
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s at %q: the stack has no passwords", name, port.Published, port.HostIP)
			}
		}
	}
}

func TestEveryImageIsPinned(t *testing.T) {
	pinned := regexp.MustCompile(`^[a-z0-9/-]+:v?\d+\.\d+\.\d+(-[a-z0-9.]+)?$`)
	for name, service := range stack(t).Services {
		if !pinned.MatchString(service.Image) {
			t.Errorf("%s takes the image %q, which may become another one", name, service.Image)
		}
	}
}

func TestEveryServiceTellsWhetherItIsHealthy(t *testing.T) {
	for name, service := range stack(t).Services {
		check := service.HealthCheck
		if check == nil || check.Disable || len(check.Test) < 2 {
			t.Errorf("%s has no health check", name)
			continue
		}
		if check.Interval == nil || check.Timeout == nil || check.Retries == nil {
			t.Errorf("the health check of %s has no interval, timeout or number of retries", name)
		}
	}
}

func TestRedisKeepsItsDataOnDisk(t *testing.T) {
	project := stack(t)
	redis := project.Services["redis"]
	command := strings.Join(redis.Command, " ")
	for _, option := range []string{"--appendonly yes", "--appendfsync everysec"} {
		if !strings.Contains(command, option) {
			t.Errorf("the command %q lacks %s", command, option)
		}
	}
	i := slices.IndexFunc(redis.Volumes, func(v types.ServiceVolumeConfig) bool { return v.Target == "/data" })
	if i < 0 || redis.Volumes[i].Type != types.VolumeTypeVolume {
		t.Fatalf("/data is no volume: %+v", redis.Volumes)
	}
	if _, declared := project.Volumes[redis.Volumes[i].Source]; !declared {
		t.Errorf("the volume of /data has no name: %+v", redis.Volumes[i])
	}
}

func TestMountedFilesAreInTheRepository(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, service := range stack(t).Services {
		for _, mount := range service.Volumes {
			if mount.Type != types.VolumeTypeBind {
				continue
			}
			if !strings.HasPrefix(mount.Source, here+string(filepath.Separator)) || !mount.ReadOnly {
				t.Errorf("%s mounts %s from outside of deploy, or writable", name, mount.Source)
			}
			if _, err := os.Stat(mount.Source); err != nil {
				t.Errorf("%s: %v: docker would make an empty directory of it", name, err)
			}
		}
	}
}

func TestTheHealthChecksAskTheServicesThemselves(t *testing.T) {
	services := stack(t).Services
	for name, want := range map[string]string{
		"prometheus": "http://127.0.0.1:9090/-/ready",
		"grafana":    "http://127.0.0.1:3000/api/health",
		"redis":      "redis-cli ping | grep -q PONG",
	} {
		if check := strings.Join(services[name].HealthCheck.Test, " "); !strings.HasSuffix(check, " "+want) {
			t.Errorf("%s is asked by %q", name, check)
		}
	}
}

// mounted returns where a service finds a file of this directory, "" if nowhere.
func mounted(t *testing.T, service types.ServiceConfig, file string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, mount := range service.Volumes {
		if mount.Source == path {
			return mount.Target
		}
	}
	return ""
}

// publishes tells whether a service is reached at a port by the same number from outside.
func publishes(service types.ServiceConfig, port string) bool {
	return slices.ContainsFunc(service.Ports, func(p types.ServicePortConfig) bool {
		return p.Published == port && strconv.Itoa(int(p.Target)) == port
	})
}

// read decodes a YAML file; a field that its type does not have is an error.
func read(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

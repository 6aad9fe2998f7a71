package child_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/millstream-go/millstream/internal/child"
)

// role in the environment makes the test binary one of the children.
const role = "CHILD_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		goleak.VerifyTestMain(m)
	case "ends":
		fmt.Print("done")
		os.Exit(3)
	case "stays":
		time.Sleep(time.Hour)
	case "parent":
		p, err := child.Start(self("stays"))
		if err != nil {
			panic(err)
		}
		fmt.Println(p.PID())
		time.Sleep(time.Hour)
	}
}

func self(as string) *exec.Cmd {
	cmd, err := child.Self()
	if err != nil {
		panic(err)
	}
	cmd.Env = append(cmd.Env, role+"="+as)
	return cmd
}

func TestWhatAChildSaidAndItsCodeAreThereAtTheEnd(t *testing.T) {
	var said bytes.Buffer
	cmd := self("ends")
	cmd.Stdout = &said
	p, err := child.Start(cmd)
	require.NoError(t, err)
	assert.Equal(t, 3, p.ExitCode())
	assert.Equal(t, "done", said.String())
	require.ErrorIs(t, p.Signal(os.Interrupt), os.ErrProcessDone)
	p.Kill() // is of no consequence
}

func TestAKilledChildHasEnded(t *testing.T) {
	p, err := child.Start(self("stays"))
	require.NoError(t, err)
	assert.NoError(t, p.Signal(os.Interrupt))
	p.Kill()
	assert.Equal(t, -1, p.ExitCode())
}

func TestAProgramThatIsNotThereIsAnError(t *testing.T) {
	_, err := child.Start(exec.Command("/no/such/program"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.ErrorContains(t, err, "/no/such/program")
}

func TestAChildDoesNotOutliveAParentThatIsKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can end a child with its parent")
	}
	cmd := self("parent")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	parent, err := child.Start(cmd)
	require.NoError(t, err)
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	parent.Kill()
	assert.Eventually(t, func() bool { return gone(pid) }, 20*time.Second, 5*time.Millisecond)
}

// gone tells whether a process has ended. One that nobody reaped counts.
func gone(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return errors.Is(err, fs.ErrNotExist) || strings.Contains(string(status), ") Z ")
}

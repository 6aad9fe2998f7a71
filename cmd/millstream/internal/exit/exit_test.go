package exit_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/millstream-go/millstream/cmd/millstream/internal/exit"
)

func TestCode(t *testing.T) {
	fault := errors.New("fault")
	assert.Equal(t, 0, exit.Code(nil))
	assert.Equal(t, 0, exit.Code(exit.Misuse(nil)))
	assert.Equal(t, 1, exit.Code(fault))
	assert.Equal(t, 2, exit.Code(fmt.Errorf("bench: %w", exit.Misuse(fault))))
	assert.Equal(t, 130, exit.Code(fmt.Errorf("bench: %w", exit.ErrInterrupted)))
	assert.ErrorIs(t, exit.Misuse(fault), fault)
}

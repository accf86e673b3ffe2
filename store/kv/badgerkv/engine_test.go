package badgerkv

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPauseGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for try, usual := range []time.Duration{0, 1, 2, 4, 8, 16, 32, 64, 128, 256} {
			usual *= time.Millisecond
			for range 20 {
				start := time.Now()
				if err := pause(t.Context(), try); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took < usual/2 || took > usual*3/2 {
					t.Errorf("the pause before try %d took %v, usual are %v", try, took, usual)
				}
			}
		}
	})
}

func TestPauseEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start := time.Now()
		if err := pause(ctx, tries-1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("pause returned %v, want DeadlineExceeded", err)
		}
		if took := time.Since(start); took != 10*time.Millisecond {
			t.Errorf("a pause with 10 ms left took %v", took)
		}
		if err := pause(ctx, 0); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("before the first try pause returned %v, want DeadlineExceeded", err)
		}
	})
}

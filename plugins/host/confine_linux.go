package host

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	maxFile  = 1 << 30 // bytes of each file that an external importer writes
	maxFiles = 256     // that it has open at once
)

// limit bounds this process, and with it what it becomes and starts. The memory is what each may write to (RLIMIT_DATA):
// the address space says nothing, since Go and Node reserve a gigabyte of it before they do anything. Shared mappings are not in it, nor
// what several processes have together; see family.
func limit(memory uint64) error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_DATA: memory, unix.RLIMIT_CORE: 0, unix.RLIMIT_FSIZE: maxFile, unix.RLIMIT_NOFILE: maxFiles,
	} {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(resource, &now); err != nil {
			return os.NewSyscallError("getrlimit", err)
		}
		most = min(most, now.Max)
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return os.NewSyscallError("setrlimit", err)
		}
	}
	// Whoever starts a process and ends leaves it to the importer, so that the host finds it.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	// The order to die with the parent is a thread's own, and this may not be the thread that was given it.
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0))
}

// startWatch starts a process in the group of the importer that outlives the host for a moment, to end the group then. The
// kernel would end the importer, but not what it has started.
func startWatch() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, ConfineCommand, watchArgument, strconv.Itoa(unix.Getpgrp()))
	cmd.Env = []string{"GOMEMLIMIT=" + os.Getenv("GOMEMLIMIT")}
	cmd.Stdin = os.Stdin
	return cmd.Start()
}

// watch waits for the end of the host, which holds the other end of standard input, and ends the group that this process is in.
func watch(group string) error {
	if group != strconv.Itoa(unix.Getpgrp()) {
		return errByHand
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return unix.Kill(0, unix.SIGKILL)
}

package badgerkv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// markName is the file beside the store that knows the last commit that was acknowledged. Badger takes a log that ends early,
// for whatever reason, for the log of a crash in the midst of a commit, and goes on without the rest; the mark tells the two apart.
//
// It is two slots, a page apart, in which the commits write by turns:
//
//	8 bytes "muster.1" | 8 bytes: the first number that was marked | 8 bytes: the number | 4 bytes CRC-32C of all before
const markName = "MARK"

const (
	markMagic = "muster.1"
	slotSize  = len(markMagic) + 8 + 8 + 4
	slotStep  = 4096 // no write of one slot touches the sector of the other
)

// syncEvery bounds how long the mark of an acknowledged commit is only in the kernel's memory. Its commit is on the disk by
// then; what stands behind is that the end of a process cannot undo the mark, and a power cut no more than the latest ones.
const syncEvery = 200 * time.Millisecond

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// marked is what a mark says.
type marked struct {
	since  uint64 // every commit from this one on is marked
	number uint64 // of the last commit that may have been acknowledged
}

// readMark returns the newer of the slots that are whole; nil if there is no mark.
func readMark(dir string) (*marked, error) {
	name := filepath.Join(dir, markName)
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var newest *marked
	for _, at := range []int{0, slotStep} {
		if len(content) < at+slotSize {
			continue
		}
		if m := parseSlot(content[at : at+slotSize]); m != nil && (newest == nil || m.number > newest.number) {
			newest = m
		}
	}
	if newest == nil {
		return nil, damaged(name, "neither of its slots is whole")
	}
	return newest, nil
}

func parseSlot(slot []byte) *marked {
	body := slot[:slotSize-4]
	if string(body[:len(markMagic)]) != markMagic || binary.BigEndian.Uint32(slot[len(body):]) != crc32.Checksum(body, castagnoli) {
		return nil
	}
	return &marked{since: binary.BigEndian.Uint64(body[8:]), number: binary.BigEndian.Uint64(body[16:])}
}

func (m marked) slot() []byte {
	b := append(make([]byte, 0, slotSize), markMagic...)
	b = binary.BigEndian.AppendUint64(b, m.since)
	b = binary.BigEndian.AppendUint64(b, m.number)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// commitMarker is the open file of the mark. The nil one, of a store in memory, writes nothing.
type commitMarker struct {
	file    *os.File
	since   uint64
	changed chan struct{} // has room for one
	done    sync.WaitGroup
	failed  func(error) // hears that the disk does not take it
}

// openMark opens the mark, or lays one down, whole and synced, that says what the store holds. failed may be called once, from
// any goroutine.
func openMark(dir string, m marked, failed func(error)) (*commitMarker, error) {
	name := filepath.Join(dir, markName)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		if err := layMark(dir, m); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	k := &commitMarker{file: f, since: m.since, changed: make(chan struct{}, 1), failed: failed}
	k.done.Go(k.sync)
	return k, nil
}

func layMark(dir string, m marked) error {
	content := make([]byte, slotStep+slotSize)
	copy(content, m.slot())
	copy(content[slotStep:], m.slot())
	return replaceFile(dir, markName, content)
}

// replaceFile writes a file beside its place and moves it there, so that it is whole or as it was.
func replaceFile(dir, name string, content []byte) error {
	name = filepath.Join(dir, name)
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(name+".new", name); err != nil {
		return err
	}
	return syncDirectory(dir)
}

func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// set marks a commit that is on the disk. What it writes survives the process at once and a power cut soon.
func (k *commitMarker) set(number uint64) error {
	if k == nil {
		return nil
	}
	at := int64(number%2) * slotStep
	if _, err := k.file.WriteAt((marked{k.since, number}).slot(), at); err != nil {
		return fmt.Errorf("%s: %w", markName, err)
	}
	select {
	case k.changed <- struct{}{}:
	default:
	}
	return nil
}

// sync brings changes to the disk until close.
func (k *commitMarker) sync() {
	for range k.changed {
		if err := syncData(k.file); err != nil {
			k.failed(fmt.Errorf("%s: %w", markName, err))
			return
		}
		time.Sleep(syncEvery)
	}
}

// close comes after the last set.
func (k *commitMarker) close() error {
	if k == nil {
		return nil
	}
	close(k.changed)
	k.done.Wait()
	return errors.Join(k.file.Sync(), k.file.Close())
}

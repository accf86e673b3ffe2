package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/musterhq/muster/store"
)

// TestBackupWhileServing takes a backup under load. What is restored is one moment: of each writer's numbered assets a beginning
// without holes, no shorter than what was acknowledged before and no longer than what was asked for after, each with its audit row.
func TestBackupWhileServing(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	const writers = 8
	var asked, acknowledged [writers]atomic.Int64
	var stop atomic.Bool
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := int64(1); !stop.Load() && n < 60_000; n++ {
				asked[w].Store(n)
				if _, err := p.call("POST", "Workgroups/1/Assets", map[string]any{"IPAddress": fmt.Sprintf("10.%d.%d.%d", w, n>>8, n&255)}, nil); err != nil {
					t.Error(err)
					return
				}
				acknowledged[w].Store(n)
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	var before, after [writers]int64
	for w := range writers {
		before[w] = acknowledged[w].Load()
	}
	began, sofar := time.Now(), total(&acknowledged)
	file := filepath.Join(t.TempDir(), "muster.backup")
	key, err := age.GenerateX25519Identity() // a passphrase takes seconds of mere arithmetic; TestBackupCommands has them
	must(t, err)
	identity := filepath.Join(t.TempDir(), "identity")
	must(t, os.WriteFile(identity, []byte(key.String()+"\n"), 0o600))
	out, log, code := runCommand(t, "backup", file, "--dir", dir, "--recipient", key.Recipient().String())
	if code != 0 || !strings.Contains(out, " bytes") {
		t.Fatalf("backup: %q %q", out, log)
	}
	t.Logf("%.0f writes/s during the backup", float64(total(&acknowledged)-sofar)/time.Since(began).Seconds())
	for w := range writers {
		after[w] = asked[w].Load()
	}
	stop.Store(true)
	writing.Wait()
	must(t, p.stop(syscall.SIGTERM))

	restored := newDir(t)
	must(t, os.Link(dir+".json", restored+".json"))
	out, log, code = runCommand(t, "restore", file, "--dir", restored, "--identity", identity)
	if code != 0 || !strings.Contains(out, "is the store of") {
		t.Fatalf("restore: %q %q", out, log)
	}
	p = serve(t, restored)
	var assets []store.Asset
	_, err = p.call("GET", "Workgroups/1/Assets", nil, &assets)
	must(t, err)
	acts := auditedActs(t, p)
	var found [writers]map[int]bool
	for w := range writers {
		found[w] = map[int]bool{}
	}
	for _, a := range assets {
		var w, high, low int
		fmt.Sscanf(a.IPAddress, "10.%d.%d.%d", &w, &high, &low)
		found[w][high<<8|low] = true
		if acts[fmt.Sprint("Add ", a.AssetID)] != 1 {
			t.Errorf("asset %d has %d audit rows of its creation", a.AssetID, acts[fmt.Sprint("Add ", a.AssetID)])
		}
	}
	if len(acts) != len(assets) {
		t.Errorf("%d acts for %d assets", len(acts), len(assets))
	}
	for w, numbers := range found {
		for n := range len(numbers) {
			if !numbers[n+1] {
				t.Errorf("writer %d: %d of %d is missing", w, n+1, len(numbers))
			}
		}
		if n := int64(len(numbers)); n < before[w] || n > after[w] {
			t.Errorf("writer %d: %d assets, of %d before and %d after", w, n, before[w], after[w])
		}
	}
	if _, err := p.call("POST", "Workgroups/1/Assets", map[string]any{"IPAddress": "192.0.2.1"}, nil); err != nil {
		t.Error("the restored store takes no more:", err)
	}
}

func total(counts *[8]atomic.Int64) (n int64) {
	for i := range counts {
		n += counts[i].Load()
	}
	return n
}

// TestBackupCommands shows what is refused, and that a refusal leaves nothing behind.
func TestBackupCommands(t *testing.T) {
	t.Parallel()
	dir, folder := newDir(t), t.TempDir()
	must(t, serve(t, dir).stop(syscall.SIGTERM))
	in := func(name string) string { return filepath.Join(folder, name) }
	put := func(name, text string) string { must(t, os.WriteFile(in(name), []byte(text), 0o600)); return in(name) }
	identity, err := age.GenerateX25519Identity()
	must(t, err)
	id, other := put("id", identity.String()+"\n"), put("other", "AGE-SECRET-KEY-1QQQQ\n")
	pass, wrong := put("pass", "correct horse\n"), put("wrong", "wrong horse\n")
	expect := func(want string, args ...string) {
		t.Helper()
		out, log, _ := runCommand(t, args...)
		if !strings.Contains(out+log, want) {
			t.Errorf("%v: %q %q, want %q", args, out, log, want)
		}
	}
	expect("there is no passphrase: give --passphrase-file or MUSTER_PASSPHRASE", "backup", in("a"), "--dir", dir)
	expect("neither --passphrase-file nor --recipient is expected", "backup", in("a"), "--dir", dir, "--plain", "--passphrase-file", pass)
	expect(`--recipient "age1x"`, "backup", in("a"), "--dir", dir, "--recipient", "age1x")
	expect("is there already", "backup", pass, "--dir", dir, "--plain")
	expect(" bytes", "backup", in("plain"), "--dir", dir, "--plain")
	expect("no space on the disk", "restore", in("plain"), "--dir", in("without room"), "--disk-reserve", noDiskHasIt)
	if left, _ := filepath.Glob(in("without room*")); len(left) > 0 {
		t.Errorf("a restore without room has left %v", left)
	}
	expect(" bytes", "backup", in("sealed"), "--dir", dir, "--passphrase-file", pass)
	expect(" bytes", "backup", in("to"), "--dir", dir, "--recipient", identity.Recipient().String())

	target := filepath.Join(folder, "restored")
	plain, err := os.ReadFile(in("plain"))
	must(t, err)
	sealed, err := os.ReadFile(in("to")) // sealed alike to a passphrase, which takes seconds to try
	must(t, err)
	altered := bytes.Clone(sealed)
	altered[len(altered)/2] ^= 1
	for _, refused := range []struct {
		want, file string
		args       []string
	}{
		{"is not empty", in("plain"), []string{"--dir", dir}},
		{"not a backup of muster", pass, nil},
		{"there is no passphrase", in("sealed"), nil},
		{"neither passphrase nor identity opens it", in("sealed"), []string{"--passphrase-file", wrong}},
		{"neither passphrase nor identity opens it", in("to"), []string{"--passphrase-file", pass}},
		{"no identity of age", in("to"), []string{"--identity", other}},
		{"the backup is damaged: it is cut off", put("cut", string(plain[:len(plain)-1])), nil},
		{"the backup is damaged", put("cut sealed", string(sealed[:len(sealed)-1])), []string{"--identity", id}},
		{"the backup is damaged", put("altered", string(altered)), []string{"--identity", id}},
		{"no such file", in("absent"), nil},
	} {
		expect(refused.want, append([]string{"restore", refused.file, "--dir", target}, refused.args...)...)
		if left, _ := filepath.Glob(target + "*"); len(left) > 0 {
			t.Errorf("%s: left %v", refused.want, left)
		}
	}
	for file, args := range map[string][]string{"plain": nil, "sealed": {"--passphrase-file", pass}, "to": {"--identity", id}} {
		expect("is the store of", append([]string{"restore", in(file), "--dir", target + file}, args...)...)
		expect("ey", "token", "administrator", "--dir", target+file)
	}
}

// noDiskHasIt is a reserve for which there is never room.
const noDiskHasIt = "9223372036854775807"

// TestABackupSparesTheStoresDisk writes beside a store that is served, on a disk with less room than is kept free.
func TestABackupSparesTheStoresDisk(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	serve(t, dir)
	beside := dir + ".backup"
	_, log, code := runCommand(t, "backup", beside, "--plain", "--dir", dir, "--disk-reserve", noDiskHasIt)
	if code != 1 || !strings.Contains(log, "no space on the disk") {
		t.Errorf("without room: %d %q", code, log)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*.backup*")); len(left) > 0 {
		t.Errorf("it has left %v", left)
	}
	if out, log, code := runCommand(t, "backup", beside, "--plain", "--dir", dir); code != 0 {
		t.Errorf("with room: %s%s", out, log)
	}
}

// TestKillDuringRestore leaves either no store or a whole one, and the next restore is not in its way.
func TestKillDuringRestore(t *testing.T) {
	t.Parallel()
	dir := newDir(t)
	p := serve(t, dir)
	p.await(p.post(nessus(5000)), ended)
	must(t, p.stop(syscall.SIGTERM))
	file := filepath.Join(t.TempDir(), "plain")
	if _, log, code := runCommand(t, "backup", file, "--dir", dir, "--plain"); code != 0 {
		t.Fatal(log)
	}
	target := filepath.Join(t.TempDir(), "restored")
	for after := 20 * time.Millisecond; ; after += after / 2 {
		cmd := command(t.Context(), "restore", file, "--dir", target)
		must(t, cmd.Start())
		timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		if _, err := os.Stat(target); err == nil {
			t.Log("killed when the store was there")
			break
		}
	}
	must(t, os.Link(dir+".json", target+".json"))
	p = serve(t, target)
	var page struct{ TotalCount int }
	_, err := p.call("GET", "Workgroups/1/Assets?limit=1", nil, &page)
	must(t, err)
	if page.TotalCount != 5000 {
		t.Errorf("%d assets", page.TotalCount)
	}
	if left, _ := filepath.Glob(target + ".restoring"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

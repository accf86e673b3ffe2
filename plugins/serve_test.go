package plugins_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/musterhq/muster/plugins"
	"github.com/musterhq/muster/plugins/importerpb"
)

// words emits a host for each word of a file, whose text tells what else to do.
var words = plugins.Importer{Type: "WORDS", Extensions: []string{".txt"}, Version: "1.2", Import: func(ctx context.Context, f plugins.File, emit func(plugins.Record) error) error {
	scanner := bufio.NewScanner(f)
	scanner.Split(bufio.ScanWords)
	for scanner.Scan() {
		switch word := scanner.Text(); word {
		case "fail":
			return errors.New("word 3:\nfailed")
		case "panic":
			panic("a\tpanic")
		case "warn":
			f.Warn("a warning\x00of the importer")
		case "hang":
			<-ctx.Done()
			return ctx.Err()
		default:
			if err := emit(plugins.Record{IPAddress: word, Description: strings.Repeat("d", 255)}); err != nil {
				return err
			}
		}
	}
	return scanner.Err()
}}

// TestMain serves an importer when the test binary is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "serve" {
		plugins.Serve(words)
		return
	}
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, content string
		hosts         int
		warnings      []string
		err           string
	}{
		"hosts":                    {"a.txt", "192.0.2.1 192.0.2.2", 2, nil, ""},
		"an empty file":            {"a.txt", "", 0, nil, ""},
		"a file without a name":    {"", "192.0.2.1", 1, nil, ""},
		"an extension in capitals": {"A.TXT", "192.0.2.1", 1, nil, ""},
		"another extension":        {"a.csv", "192.0.2.1", 1, []string{"the extension of a.csv is not the usual .txt"}, ""},
		"a warning":                {"a.txt", "warn", 0, []string{"a warning of the importer"}, ""},
		"an error":                 {"a.txt", "192.0.2.1 fail 192.0.2.2", 1, nil, "word 3:\nfailed"},
		"a panic":                  {"a.txt", "192.0.2.1 panic 192.0.2.2", 1, nil, "importer panicked: a\tpanic"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var warnings []string
			f := plugins.NewFile(test.file, strings.NewReader(test.content), func(text string) { warnings = append(warnings, text) })
			hosts := 0
			err := plugins.Run(t.Context(), words, f, func(plugins.Record) error { hosts++; return nil })
			if (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
				t.Errorf("the error is %v", err)
			}
			if hosts != test.hosts {
				t.Errorf("%d hosts", hosts)
			}
			if diff := cmp.Diff(test.warnings, warnings); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRunReturnsTheErrorOfEmit(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	f := plugins.NewFile("", strings.NewReader("192.0.2.1"), nil)
	if err := plugins.Run(t.Context(), words, f, func(plugins.Record) error { return full }); err != full {
		t.Errorf("the error is %v", err)
	}
}

// importOverPipe imports through a connection and returns the batches as they came.
func importOverPipe(t *testing.T, chunks ...*importerpb.Chunk) ([]*importerpb.Batch, error) {
	t.Helper()
	client, _ := plugin.TestPluginGRPCConn(t, false, plugin.PluginSet{plugins.Name: &plugins.Plugin{Importer: words}})
	t.Cleanup(func() { client.Close() }) // asks the server to stop
	dispensed, err := client.Dispense(plugins.Name)
	if err != nil {
		t.Fatal(err)
	}
	description, err := dispensed.(importerpb.ImporterClient).Describe(t.Context(), &importerpb.DescribeRequest{})
	if want := (&importerpb.Description{Type: "WORDS", Extensions: []string{".txt"}, Version: "1.2"}); err != nil || !proto.Equal(description, want) {
		t.Errorf("the description is %v, %v", description, err)
	}
	stream, err := dispensed.(importerpb.ImporterClient).Import(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, chunk := range chunks {
		if err := stream.Send(chunk); err != nil && err != io.EOF {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	var batches []*importerpb.Batch
	for {
		batch, err := stream.Recv()
		if err == io.EOF {
			return batches, nil
		} else if err != nil {
			return batches, err
		}
		batches = append(batches, batch)
	}
}

func TestBatches(t *testing.T) {
	t.Parallel()
	half := []byte(strings.Repeat("192.0.2.1 ", 1000) + "192.0.2")
	batches, err := importOverPipe(t, &importerpb.Chunk{FileName: "a.txt", Content: half}, &importerpb.Chunk{}, &importerpb.Chunk{Content: []byte(".1 warn")})
	if err != nil {
		t.Fatal(err)
	}
	records, warnings := 0, 0
	for i, batch := range batches {
		records += len(batch.Records)
		warnings += len(batch.Warnings)
		if i < len(batches)-1 && len(batch.Records) < 50 {
			t.Errorf("batch %d has only %d records", i, len(batch.Records))
		}
		if size := proto.Size(batch); size > 256<<10 {
			t.Errorf("batch %d has %d bytes", i, size)
		}
	}
	if records != 1001 || warnings != 1 {
		t.Errorf("%d records, %d warnings", records, warnings)
	}
}

func TestErrorsAreOneLineOverThePipe(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{"fail": "word 3: failed", "panic": "importer panicked: a panic"} {
		batches, err := importOverPipe(t, &importerpb.Chunk{Content: []byte("192.0.2.1 warn " + word)})
		if s := status.Convert(err); s.Message() != want || s.Code() != codes.InvalidArgument {
			t.Errorf("%s: %v", word, err)
		}
		if len(batches) != 1 || len(batches[0].Records) != 1 || len(batches[0].Warnings) != 1 {
			t.Errorf("%s: what came before is lost: %v", word, batches)
		}
	}
}

// start starts this binary as an importer, without any of the means by which the package host ends it.
func start(t *testing.T, environment ...string) (stdin io.Closer, stdout *bufio.Reader, ended <-chan error) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), executable, "serve")
	cmd.Env = append(environment, "PLUGIN_UNIX_SOCKET_DIR="+t.TempDir(), "PLUGIN_PROTOCOL_VERSIONS=1")
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	wait := make(chan error, 1)
	go func() { wait <- cmd.Wait() }()
	return in, bufio.NewReader(out), wait
}

func TestServeEndsWithStandardInput(t *testing.T) {
	t.Parallel()
	handshake := plugins.Handshake()
	stdin, stdout, ended := start(t, fmt.Sprintf("%s=%s", handshake.MagicCookieKey, handshake.MagicCookieValue))
	if line, err := stdout.ReadString('\n'); err != nil || !strings.HasPrefix(line, "1|1|unix|") {
		t.Fatalf("the handshake is %q, %v", line, err)
	}
	stdin.Close()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the importer is still there")
	}
}

func TestServeByHandExits(t *testing.T) {
	t.Parallel()
	_, _, ended := start(t)
	if err := <-ended; err == nil || err.Error() != "exit status 1" {
		t.Errorf("it ended with %v", err)
	}
}

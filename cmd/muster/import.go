package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/server/insight"
	"github.com/musterhq/muster/store"
)

// importRequest is what muster import posts, and how it waits.
type importRequest struct {
	file, typ, workgroup, filter, user string
	wait                               bool
}

func importCommand() *cobra.Command {
	c, r := defaults(), &importRequest{}
	command := &cobra.Command{
		Use:   "import FILE --type TYPE",
		Short: "Import a scanner file, as POST Imports does",
		Long:  "import posts a scanner file as a user of the store and, with --wait, shows how far it is. The exit code is 1 when the import fails.\nIt goes through the server that runs on the store, or opens the store itself, and then always waits.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.file = args[0]
			return c.with(cmd.Context(), func(reached *client) error { return r.run(cmd.Context(), reached, cmd.OutOrStdout()) })
		},
	}
	c.storeFlags(command)
	f := command.Flags()
	f.Int64Var(&c.importLimit, "import-limit", c.importLimit, "most bytes of the file, if no server runs on the store; else the server's limit holds")
	f.StringVar(&r.typ, "type", "", "import type: NESSUS, …")
	f.StringVar(&r.workgroup, "workgroup", "BeyondTrust Workgroup", "name or ID of the Workgroup to import into")
	f.StringVar(&r.filter, "filter", store.AllAssets, "address, range, CIDR or name of an address group: which hosts to import")
	f.StringVar(&r.user, "user", "administrator", "who imports")
	f.BoolVar(&r.wait, "wait", false, "wait until the import has ended")
	cobra.CheckErr(command.MarkFlagRequired("type"))
	return command
}

func (r *importRequest) run(ctx context.Context, c *client, out io.Writer) (err error) {
	if c.token, err = c.signIn(ctx, r.user, 0); err != nil {
		return err
	}
	id, err := r.post(ctx, c)
	if err != nil {
		return err
	}
	if !r.wait && !c.here {
		_, err = fmt.Fprintf(out, "import %d is queued\n", id)
		return err
	}
	i, err := watch(ctx, c, id, out)
	if err != nil {
		return err
	}
	if i.State != store.ImportDone {
		return fmt.Errorf("import %d %s: %s", id, strings.ToLower(i.State), i.Error)
	}
	return nil
}

// post sends the file, encoded while it is read.
func (r *importRequest) post(ctx context.Context, c *client) (id int, err error) {
	f, err := os.Open(r.file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	workgroup, err := r.workgroupID(ctx, c)
	if err != nil {
		return 0, err
	}
	head, err := json.Marshal(map[string]any{
		"WorkgroupID": workgroup, "ImportType": r.typ, "Filter": r.filter, "FileName": filepath.Base(r.file),
	})
	if err != nil {
		return 0, err
	}
	body, sink := io.Pipe()
	go func() {
		_, err := fmt.Fprintf(sink, `%s,"Base64FileContents":"`, strings.TrimSuffix(string(head), "}"))
		encoder := base64.NewEncoder(base64.StdEncoding, sink)
		if err == nil {
			_, err = io.Copy(encoder, f)
		}
		if err = errors.Join(err, encoder.Close()); err == nil {
			_, err = io.WriteString(sink, `"}`)
		}
		sink.CloseWithError(err)
	}()
	var queued struct{ ImportID int }
	err = c.do(ctx, http.MethodPost, insight.Base+"/Imports", body, &queued)
	return queued.ImportID, err
}

func (r *importRequest) workgroupID(ctx context.Context, c *client) (int, error) {
	var w store.Workgroup
	path := "/Workgroups?name=" + url.QueryEscape(r.workgroup)
	if _, err := strconv.Atoi(r.workgroup); err == nil {
		path = "/Workgroups/" + r.workgroup
	}
	err := c.get(ctx, path, &w)
	return w.ID, err
}

// watch waits for the end of an import and shows how far it is: a bar on a terminal, else only the end.
func watch(ctx context.Context, c *client, id int, out io.Writer) (*store.Import, error) {
	bar := isTerminal(out)
	for {
		i := new(store.Import)
		if err := c.get(ctx, fmt.Sprintf("/Imports/%d", id), i); err != nil {
			return nil, err
		}
		ended := !i.EndDate.IsZero()
		if bar {
			fmt.Fprintf(out, "\r%s", progress(i))
		}
		if ended {
			if bar {
				fmt.Fprintln(out)
			}
			return i, report(i, out)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// progress says how far an import is. A file is read ahead of its hosts, which nobody has counted: the bar is full when the import has
// ended, and not when the file has been read.
func progress(i *store.Import) string {
	const width = 30
	done, told := 0, ""
	switch {
	case !i.EndDate.IsZero():
		done = width
	case i.BytesTotal > 0 && i.BytesRead >= i.BytesTotal:
		done, told = width-1, ", the file is read, its hosts are being stored"
	case i.BytesTotal > 0:
		done = min(width-1, width*i.BytesRead/i.BytesTotal)
		told = fmt.Sprintf(", %d %% of the file is read", 100*i.BytesRead/i.BytesTotal)
	}
	// The line is written over the one before, which may have been longer.
	return fmt.Sprintf("%-80s", fmt.Sprintf("%-8s [%s%s] %d hosts%s", i.State, strings.Repeat("=", done), strings.Repeat(" ", width-done), i.Read, told))
}

func report(i *store.Import, out io.Writer) error {
	for _, w := range i.Warnings {
		fmt.Fprintln(out, "warning:", w)
	}
	_, err := fmt.Fprintf(out, "import %d %s: %d hosts read, %d created, %d updated, %d unchanged, %d skipped, %d filtered\n",
		i.ImportID, strings.ToLower(i.State), i.Read, i.Created, i.Updated, i.Unchanged, i.Skipped, i.Filtered)
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/server"
	"github.com/musterhq/muster/store"
)

func subscriptionsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "subscriptions",
		Short: "Show and run report subscriptions",
		Long:  "subscriptions shows what is delivered when, and has it delivered now.\nIt goes through the server that runs on the store, or opens the store itself.",
	}
	command.AddCommand(
		subscriptionCommand(&cobra.Command{
			Use: "list", Short: "List the subscriptions and what became of their last runs", Args: cobra.NoArgs,
		}, func(ctx context.Context, c *client, _ []string, out io.Writer) error {
			return listSubscriptions(ctx, c, out)
		}),
		subscriptionCommand(&cobra.Command{
			Use: "run NAME", Short: "Run a subscription now, beside its schedule, and wait for the delivery", Args: cobra.ExactArgs(1),
			Long: "run runs a subscription now, beside its schedule, and waits for the end. The exit code is 1 when nothing is delivered.",
		}, func(ctx context.Context, c *client, args []string, out io.Writer) error {
			return runSubscription(ctx, c, args[0], out)
		}),
	)
	return command
}

// subscriptionCommand connects a command to the local door.
func subscriptionCommand(command *cobra.Command, do func(context.Context, *client, []string, io.Writer) error) *cobra.Command {
	c := defaults()
	command.RunE = func(cmd *cobra.Command, args []string) (err error) {
		reached, err := c.connect(cmd.Context())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, reached.close()) }()
		return do(cmd.Context(), reached, args, cmd.OutOrStdout())
	}
	c.storeFlags(command)
	return command
}

// subscriptions asks the local door.
func (c *client) subscriptions(ctx context.Context, ask server.LocalSubscriptions) (answer server.LocalSubscriptions, err error) {
	err = c.post(ctx, server.LocalSubscriptionsPath, ask, &answer)
	return answer, err
}

func listSubscriptions(ctx context.Context, c *client, out io.Writer) error {
	answer, err := c.subscriptions(ctx, server.LocalSubscriptions{})
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tREPORT\tFORMAT\tSCHEDULE\tOWNER\tNEXT\tLAST\tRESULT")
	for _, s := range answer.Subscriptions {
		owner := s.Owner
		if owner == "" {
			owner = fmt.Sprintf("(user %d is gone)", s.UserID)
		}
		fmt.Fprintln(w, strings.Join([]string{
			s.Name, s.Report, s.Format, s.Schedule, owner, orDash(s.Run.Next.String()), orDash(s.Run.Last.String()), result(s),
		}, "\t"))
	}
	return w.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// result is what a subscription does or did last.
func result(s store.SubscriptionState) string {
	switch {
	case s.Running:
		return "running"
	case s.Run.Runs == 0:
		return "-"
	case s.Run.Error != "":
		return "failed: " + string(s.Run.Error)
	}
	return fmt.Sprintf("delivery %d", s.Run.ReportDeliveryId)
}

// runSubscription has one run and waits until one more of its runs has ended than before.
func runSubscription(ctx context.Context, c *client, name string, out io.Writer) error {
	answer, err := c.subscriptions(ctx, server.LocalSubscriptions{Run: name})
	if err != nil {
		return err
	}
	before := answer.Before
	for {
		i := slices.IndexFunc(answer.Subscriptions, func(s store.SubscriptionState) bool { return s.ScheduleId == before.ScheduleId })
		if i < 0 {
			return fmt.Errorf("subscription %q has been deleted", name)
		}
		if s := answer.Subscriptions[i]; s.Run.Runs > before.Runs {
			if s.Run.Error != "" {
				return fmt.Errorf("subscription %q: %s", s.Name, s.Run.Error)
			}
			_, err := fmt.Fprintf(out, "delivery %d\n", s.Run.ReportDeliveryId)
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		if answer, err = c.subscriptions(ctx, server.LocalSubscriptions{}); err != nil {
			return err
		}
	}
}

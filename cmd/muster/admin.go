package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/server"
)

func adminCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "admin",
		Short: "Change users as the API cannot",
		Long:  "admin changes users as the API cannot, for whoever can open the store.\nIt goes through the server that runs on the store, or opens the store itself, and leaves an audit row.",
	}
	command.AddCommand(
		actCommand(server.Release, "Lift the quarantine of a user", "released"),
		actCommand(server.Activate, "Let an inactive user sign in again", "active"),
		actCommand(server.Deactivate, "Keep a user from signing in, and end his sessions", "inactive"),
	)
	return command
}

// actCommand does one thing to a user and says what he is then.
func actCommand(act server.LocalAct, short, done string) *cobra.Command {
	c := defaults()
	command := &cobra.Command{
		Use:   string(act) + " USER",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				if err := reached.administer(cmd.Context(), act, args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", args[0], done)
				return err
			})
		},
	}
	c.storeFlags(command)
	return command
}

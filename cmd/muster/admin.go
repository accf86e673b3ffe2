package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/server"
)

func adminCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "admin",
		Short: "Do to users, sign-ins and keys what the API cannot",
		Long:  "admin does what the API cannot, for whoever can open the store.\nIt goes through the server that runs on the store, or opens the store itself, and leaves an audit row.",
	}
	command.AddCommand(
		actCommand(server.Release, "USER", "Lift the quarantine of a user", "is released", "is not quarantined"),
		actCommand(server.Activate, "USER", "Let an inactive user sign in again", "is active", "is active already"),
		actCommand(server.Deactivate, "USER", "Keep a user from signing in, and end the user's sessions", "is inactive", "is inactive already"),
		actCommand(server.Unlock, "USER|CLIENTID|ADDRESS", "Forget failed sign-ins, so that an account or an address is no longer locked", "is unlocked", ""),
		rotateKeysCommand(),
	)
	return command
}

// actCommand does one thing to a user, or whatever else the argument names, and says what it is then, or that it was so before.
func actCommand(act server.LocalAct, argument, short, done, before string) *cobra.Command {
	c := defaults()
	command := &cobra.Command{
		Use:   string(act) + " " + argument,
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				changed, err := reached.administer(cmd.Context(), act, args[0])
				if err != nil {
					return err
				}
				if changed {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", args[0], done)
				} else {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s; nothing is changed\n", args[0], before)
				}
				return err
			})
		},
	}
	c.storeFlags(command)
	return command
}

func rotateKeysCommand() *cobra.Command {
	c := defaults()
	command := &cobra.Command{
		Use:   string(server.RotateKeys),
		Short: "Sign tokens with a new key",
		Long:  "rotate-keys makes a new key that signs tokens from now on. No session ends: tokens of the old keys\ncount until they expire, within 24 hours.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				if _, err := reached.administer(cmd.Context(), server.RotateKeys, ""); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), "tokens are signed with a new key")
				return err
			})
		},
	}
	c.storeFlags(command)
	return command
}

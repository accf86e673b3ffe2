package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func tokenCommand() *cobra.Command {
	c := defaults()
	var hours int
	command := &cobra.Command{
		Use:   "token USER",
		Short: "Print a Bearer token for a user",
		Long:  "token prints a Bearer token for a user, without asking for a password: whoever can open the store may be anybody in it.\nIt goes through the server that runs on the store, or opens the store itself.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				token, err := reached.signIn(cmd.Context(), args[0], hours)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
				return err
			})
		},
	}
	c.storeFlags(command)
	command.Flags().IntVar(&hours, "hours", 1, "how long the token lives, 1 to 24")
	return command
}

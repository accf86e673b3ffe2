package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/musterhq/muster/server"
)

func credentialsCommand() *cobra.Command {
	c, keys, asJSON := defaults(), false, false
	command := &cobra.Command{
		Use:   "credentials",
		Short: "Show what callers sign in with, and make new what is lost",
		Long: "credentials shows the users, the client ids and the API registrations of the store, with --keys the API keys too.\n" +
			"Passwords and client secrets are kept as hashes and cannot be shown: credentials reset makes new ones.\n" +
			"It goes through the server that runs on the store, or opens the store itself. What it makes new, and that keys were shown, is audited.",
		Args: onlyKnown,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.with(cmd.Context(), func(reached *client) error {
				answer, err := reached.credentials(cmd.Context(), server.LocalCredentials{Keys: keys})
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), answer)
				}
				return c.printCredentials(cmd.OutOrStdout(), answer, keys)
			})
		},
	}
	c.storeFlags(command)
	command.Flags().BoolVar(&keys, "keys", false, "show the API keys")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	reset := &cobra.Command{
		Use:   "reset",
		Short: "Make a credential new",
		Long:  "reset replaces a credential by a new one, which it prints once. The old one and the sessions that began with it end at once.",
	}
	reset.AddCommand(
		resetCommand(server.Password, "[USER]", "administrator", "Give a user a new password (default: administrator)"),
		resetCommand(server.APIKey, "[REGISTRATION]", "muster key", "Give an API registration, by name or id, a new key (default: muster key)"),
		resetCommand(server.ClientSecret, "[CLIENT]", "muster", "Give an Application user, by name or client id, a new client secret (default: muster)"),
	)
	command.AddCommand(reset)
	return command
}

func resetCommand(kind server.Credential, argument, usual, short string) *cobra.Command {
	c := defaults()
	command := &cobra.Command{
		Use:   string(kind) + " " + argument,
		Short: short,
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			of := usual
			if len(args) > 0 {
				of = args[0]
			}
			return c.with(cmd.Context(), func(reached *client) error {
				answer, err := reached.credentials(cmd.Context(), server.LocalCredentials{Reset: kind, Of: of})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), answer.Secret)
				return err
			})
		},
	}
	c.storeFlags(command)
	return command
}

func (c *config) printCredentials(w io.Writer, answer server.LocalCredentials, keys bool) error {
	e := &firstCredentials{HTTP: urlOf("http", answer.HTTP), HTTPS: urlOf("https", answer.HTTPS)}
	var b strings.Builder
	if e.base() != "" {
		e.places(&b)
		b.WriteString("\n")
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "USER\tTYPE\tCLIENT ID\tSTATE")
	for _, u := range answer.Users {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", u.Name, u.Type, orDash(u.ClientID), stateOf(u.Inactive, u.Quarantined))
	}
	t.Flush()
	b.WriteString("\n")
	fmt.Fprintln(t, "API REGISTRATION\tID\tTYPE\tSTATE\tPASSWORD\tKEY")
	for _, r := range answer.Registrations {
		key, password := "-", "not asked for"
		if r.Type == "ApiKeyPolicy" {
			if key = orDash(r.Key); !keys {
				key = "shown with --keys"
			}
		}
		if r.PasswordRequired {
			password = "required"
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\n", r.Name, r.ID, r.Type, stateOf(r.Inactive, false), password, key)
	}
	t.Flush()
	fmt.Fprintf(&b, `
Passwords and client secrets cannot be shown. These make new ones:
  %s
  %s
  %s
`, c.commandLine("credentials reset password administrator"), c.commandLine("credentials reset key 'muster key'"), c.commandLine("credentials reset secret muster"))
	_, err := io.WriteString(w, b.String())
	return err
}

func stateOf(inactive, quarantined bool) string {
	switch {
	case inactive && quarantined:
		return "inactive, quarantined"
	case inactive:
		return "inactive"
	case quarantined:
		return "quarantined"
	}
	return "active"
}

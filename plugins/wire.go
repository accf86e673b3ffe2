package plugins

import "github.com/musterhq/muster/plugins/importerpb"

func toWire(r Record) *importerpb.Record {
	m := &importerpb.Record{
		IpAddress: r.IPAddress, AssetName: r.AssetName, DnsName: r.DnsName, DomainName: r.DomainName, MacAddress: r.MacAddress,
		AssetType: r.AssetType, OperatingSystem: r.OperatingSystem, Description: r.Description, Skip: r.Skip,
	}
	if b := r.HostDetails; b != nil {
		for _, a := range b.Attributes {
			m.Attributes = append(m.Attributes, &importerpb.Attribute{Type: a.Type, ShortName: a.ShortName})
		}
		for _, d := range b.Databases {
			m.Databases = append(m.Databases, &importerpb.Database{
				PlatformId: int64(d.PlatformID), InstanceName: d.InstanceName, IsDefaultInstance: d.IsDefaultInstance,
				Port: int64(d.Port), Version: d.Version, Template: d.Template,
			})
		}
		m.ManagedSystem = systemToWire(b.ManagedSystem)
	}
	if a := r.FunctionalAccount; a != nil {
		m.FunctionalAccount = &importerpb.FunctionalAccount{
			PlatformId: int64(a.PlatformID), DomainName: a.DomainName, AccountName: a.AccountName, DisplayName: a.DisplayName,
			Description: a.Description, Password: a.Password.Reveal(),
		}
	}
	return m
}

func systemToWire(s *ManagedSystem) *importerpb.ManagedSystem {
	if s == nil {
		return nil
	}
	m := &importerpb.ManagedSystem{
		SystemName: s.SystemName, PlatformId: int64(s.PlatformID), NetBiosName: s.NetBiosName, ContactEmail: s.ContactEmail,
		Description: s.Description, Port: int64(s.Port), Timeout: int64(s.Timeout), FunctionalAccountId: int64(s.FunctionalAccountID),
		AutoManagementFlag: s.AutoManagementFlag, ReleaseDuration: int64(s.ReleaseDuration), MaxReleaseDuration: int64(s.MaxReleaseDuration),
	}
	for _, a := range s.ManagedAccounts {
		m.ManagedAccounts = append(m.ManagedAccounts, &importerpb.ManagedAccount{
			DomainName: a.DomainName, AccountName: a.AccountName, DistinguishedName: a.DistinguishedName, Description: a.Description,
			Password: a.Password.Reveal(), ApiEnabled: a.ApiEnabled, AutoManagementFlag: a.AutoManagementFlag,
			ReleaseDuration: int64(a.ReleaseDuration), MaxReleaseDuration: int64(a.MaxReleaseDuration),
		})
	}
	return m
}

// FromWire returns a record that arrived from an importer, normalised: nothing that the process said about it is trusted.
func FromWire(m *importerpb.Record) Record {
	r := Record{
		IPAddress: m.GetIpAddress(), AssetName: m.GetAssetName(), DnsName: m.GetDnsName(), DomainName: m.GetDomainName(),
		MacAddress: m.GetMacAddress(), AssetType: m.GetAssetType(), OperatingSystem: m.GetOperatingSystem(),
		Description: m.GetDescription(), Skip: m.GetSkip(),
	}
	if m.GetAttributes() != nil || m.GetDatabases() != nil || m.GetManagedSystem() != nil {
		r.HostDetails = hostDetailsFromWire(m)
	}
	if a := m.GetFunctionalAccount(); a != nil {
		r.FunctionalAccount = &FunctionalAccount{
			PlatformID: int(a.GetPlatformId()), DomainName: a.GetDomainName(), AccountName: a.GetAccountName(),
			DisplayName: a.GetDisplayName(), Description: a.GetDescription(), Password: NewPassword(a.GetPassword()),
		}
	}
	return r.Normalized()
}

func hostDetailsFromWire(m *importerpb.Record) *HostDetails {
	b := &HostDetails{ManagedSystem: systemFromWire(m.GetManagedSystem())}
	for _, a := range upTo(MaxAttributes, m.GetAttributes()) {
		b.Attributes = append(b.Attributes, Attribute{Type: a.GetType(), ShortName: a.GetShortName()})
	}
	for _, d := range upTo(MaxDatabases, m.GetDatabases()) {
		b.Databases = append(b.Databases, Database{
			PlatformID: int(d.GetPlatformId()), InstanceName: d.GetInstanceName(), IsDefaultInstance: d.IsDefaultInstance,
			Port: int(d.GetPort()), Version: d.GetVersion(), Template: d.GetTemplate(),
		})
	}
	return b
}

func systemFromWire(m *importerpb.ManagedSystem) *ManagedSystem {
	if m == nil {
		return nil
	}
	s := &ManagedSystem{
		SystemName: m.GetSystemName(), PlatformID: int(m.GetPlatformId()), NetBiosName: m.GetNetBiosName(),
		ContactEmail: m.GetContactEmail(), Description: m.GetDescription(), Port: int(m.GetPort()), Timeout: int(m.GetTimeout()),
		FunctionalAccountID: int(m.GetFunctionalAccountId()), AutoManagementFlag: m.AutoManagementFlag,
		ReleaseDuration: int(m.GetReleaseDuration()), MaxReleaseDuration: int(m.GetMaxReleaseDuration()),
	}
	for _, a := range upTo(MaxManagedAccounts, m.GetManagedAccounts()) {
		s.ManagedAccounts = append(s.ManagedAccounts, ManagedAccount{
			DomainName: a.GetDomainName(), AccountName: a.GetAccountName(), DistinguishedName: a.GetDistinguishedName(),
			Description: a.GetDescription(), Password: NewPassword(a.GetPassword()), ApiEnabled: a.ApiEnabled,
			AutoManagementFlag: a.AutoManagementFlag, ReleaseDuration: int(a.GetReleaseDuration()),
			MaxReleaseDuration: int(a.GetMaxReleaseDuration()),
		})
	}
	return s
}

// upTo returns no more of a list than Normalized needs to see that it is too long.
func upTo[T any](most int, list []T) []T { return list[:min(len(list), most+1)] }

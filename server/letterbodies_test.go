package server_test

import (
	"strconv"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/directory/directorytest"
)

// attempt is one way to call a heading.
type attempt struct {
	path   string            // below the door's base; empty: what objectOf finds. {NAME} stands for what the lab has
	query  string            // what follows it
	kind   int               // of the bodies that the heading takes
	values map[string]string // of members of the body, where they are not those of samples
	body   string            // instead of one that is made of the heading's members
	header map[string]string
	with   []authz.Grant // what the document asks for beside the heading's permissions
	rules  authz.Level   // the caller's access to Smart Rules, where the heading prints none
	reads  bool          // what is sent is looked for, and not stored
}

// neverFilled are the headings whose answers have a list that is always empty: a new attribute has no children.
var neverFilled = []string{"POST AttributeTypes/{attributeTypeID}/Attributes"}

// withLimit is for a list that is an object if a limit is given.
var withLimit = []attempt{{}, {query: "?limit=10"}}

// newCredential is what a credential takes that comes along with a user or a group of a directory.
var newCredential = []authz.Grant{{Permission: authz.CredentialManagement, Level: authz.ReadWrite}}

var (
	ofTenant = map[string]string{
		"UserName": `"erika@contoso.example"`, "groupName": `"Cloud Staff"`, "AzureInstance": `"AzurePublic"`, "TenantId": strconv.Quote(directorytest.Tenant),
		"ClientId": strconv.Quote(directorytest.ClientID), "ClientSecret": strconv.Quote(directorytest.ClientSecret),
	}
	ofDomain = map[string]string{
		"UserName": `"alice"`, "groupName": `"Staff"`, "ForestName": strconv.Quote(directorytest.Domain), "DomainName": strconv.Quote(directorytest.Domain),
		"forestName": strconv.Quote(directorytest.Domain), "domainName": strconv.Quote(directorytest.Domain),
		"BindUser": strconv.Quote(directorytest.ADAccount), "BindPassword": strconv.Quote(directorytest.ADPassword),
		"bindUser": strconv.Quote(directorytest.ADAccount), "bindPassword": strconv.Quote(directorytest.ADPassword), "UseSSL": "true", "useSSL": "true",
	}
	ofServer = map[string]string{
		"DistinguishedName": `"{ldapUser}"`, "groupName": `"Ldap Staff"`, "groupDistinguishedName": `"{ldapGroup}"`, "HostName": `"localhost"`, "hostName": `"localhost"`,
		"BindUser": strconv.Quote(directorytest.ADAccount + "@" + directorytest.Domain), "BindPassword": strconv.Quote(directorytest.ADPassword),
		"bindUser": strconv.Quote(directorytest.ADAccount + "@" + directorytest.Domain), "bindPassword": strconv.Quote(directorytest.ADPassword),
		"Port": "{ldapPort}", "port": "{ldapPort}", "UseSSL": "true", "useSSL": "true",
	}
)

// attemptsOf are the headings that take more than what objectOf finds and one body of each kind.
var attemptsOf = map[string][]attempt{
	"GET Workgroups/{workgroupID}/Assets":   withLimit,
	"GET Workgroups/{workgroupName}/Assets": withLimit,
	"POST Assets/Search":                    {{reads: true, values: search}, {reads: true, query: "?limit=10", values: search}},
	"GET SmartRules/{id}/Assets":            withLimit,
	"GET ApiRegistrations/{id}":             {{path: "ApiRegistrations/{ApiKeyPolicy}"}, {path: "ApiRegistrations/{ApiAccessPolicy}"}},
	"PUT ApiRegistrations/{id}":             {{path: "ApiRegistrations/{ApiKeyPolicy}"}, {path: "ApiRegistrations/{ApiAccessPolicy}", kind: 1}},
	"GET Users/{id}":                        {{path: "Users/{person}"}, {path: "Users/{Users}"}},
	"PUT Users/{id}":                        {{path: "Users/{person}"}, {path: "Users/{Users}", kind: 1}},
	"POST Users/{id}/Quarantine":            {{path: "Users/{person}/Quarantine"}, {path: "Users/{Users}/Quarantine"}},
	"POST Users": {
		{}, {kind: 1, values: ofTenant, with: newCredential, reads: true}, {kind: 2, values: ofDomain}, {kind: 3, values: ofServer}, {kind: 4},
	},
	"POST UserGroups": {
		{}, {kind: 1, values: ofTenant, with: newCredential}, {kind: 2, values: ofDomain, with: newCredential}, {kind: 3, values: ofServer, with: newCredential},
	},
	"GET SmartRules": {{rules: authz.Read}},
	"POST Imports":   {{values: map[string]string{"FileContents": "null"}}, {values: map[string]string{"Base64FileContents": "null"}}},
	"POST Imports/QueueImportFile": {{
		header: map[string]string{"Content-Type": "multipart/form-data; boundary=X"},
		body: "--X\r\nContent-Type: application/json\r\n\r\n" + `{"WorkgroupID":1,"FileName":"lab.xml"}` + "\r\n--X\r\n" +
			"Content-Type: application/octet-stream\r\n\r\n<PasswordSafeImport/>\r\n--X--",
	}},
	"GET Entitlements?groupIDs":                    {{path: "Entitlements?groupIDs=1,{UserGroups}"}},
	"GET UserGroups/{id}/SmartRules/":              {{path: "UserGroups/{UserGroups}/SmartRules/"}, {path: "UserGroups/{UserGroups}/SmartRules/?accessLevel=0,1,3"}},
	"POST Subscriptions/Delivery/download":         {{query: "?id={delivery}"}},
	"POST v1/groupspaged":                          {{}, {values: map[string]string{"limit": "1"}, reads: true}},
	"POST v1/groups/externalid":                    {{reads: true, values: map[string]string{"id": `"ext-1"`}}},
	"POST Users/{userID}/UserGroups/{userGroupID}": {{path: "Users/{person}/UserGroups/{UserGroups}"}},
}

var search = map[string]string{
	"AssetName": `"192.000.002.007"`, "DnsName": "null", "DomainName": "null", "IPAddress": `"192.0.2.0/24"`, "MacAddress": "null", "AssetType": "null",
}

// samples are the values of members in bodies.
var samples = map[string]string{
	"AccessLevelID": "1", "PermissionID": "1", "SmartRuleID": "{SmartRules}", "AccountID": "{ManagedAccounts}", "AccessPolicyID": "5000",
	"WorkgroupID": "1", "OrganizationID": `"{Organizations}"`, "PlatformID": "79", "ParentAttributeID": "null", "AttributeIDs": "[{Attributes}]",
	"Type": "1", "Value": `"192.0.2.9"`, "Omit": "true", "Name": `"New"`, "Title": `"New"`, "Category": `"Smart Rules"`, "Description": `"A description"`,
	"description": `"A description"`, "ProcessImmediately": "true", "UseSSL": "false",

	"Id": "0", "AccessTokenDuration": "60", "Active": "true", "Visible": "true", "MultiFactorAuthenticationEnforced": "false", "ClientCertificateRequired": "false",
	"UserPasswordRequired": "true", "VerifyPsrunSignature": "false", "IPAuthenticationRules": addressRules, "XForwardedForAuthenticationRules": addressRules,
	"IPAddress": `"192.0.2.9"`, "MacAddress": `"02:00:00:00:00:09"`, "SystemName": `"srv09"`, "FQDN": `"srv09.fixture.example"`, "DomainName": `"lab.example"`,
	"UserId": `"svc"`, "RootVolumeId": `"C"`, "OSVersion": `"10"`,

	"AssetName": `"srv09"`, "DnsName": `"srv09.fixture.example"`, "AssetType": `"Server"`, "OperatingSystem": `"Debian 13"`,
	"ShortName": `"Basement"`, "LongName": `"The basement"`, "ValueInt": "7",
	"InstanceName": `"PrimaryDB"`, "IsDefaultInstance": "false", "Port": "5432", "Version": `"15.2"`, "Template": `"StandardTemplate"`,
	"GroupName": `"powershell - Add"`, "Path": `"C:\\Windows\\notepad2.exe"`, "Publisher": `"A publisher"`, "ChildrenInheritToken": `"false"`,
	"ImportType": `"NESSUS"`, "Filter": `"All Assets"`, "FileName": `"scan.csv"`, "FileContents": "[72,111,115,116]", "Base64FileContents": `"SG9zdA=="`,

	"groupName": `"New"`, "isActive": "true", "ApplicationRegistrationIDs": "[1,2]", "ExcludedFromGlobalSync": "false", "OverrideGlobalSyncSettings": "false",
	"membershipAttribute": `"member"`, "accountAttribute": `"sAMAccountName"`, "AccountNameAttribute": `"sAMAccountName"`,
	"UserName": `"new"`, "FirstName": `"New"`, "LastName": `"User"`, "EmailAddress": `"new@lab.example"`, "Password": `"correct horse"`,

	"Notes": `"Notes"`, "Username": `"root"`, "Text": `"A text"`,

	"name": `"New"`, "externalId": `"ext-2"`, "attribute": `"An attribute"`, "string": `"{group}"`,
	"cursor": "null", "limit": "10", "searchByAttributes": `[{"name":"name","operator":"CONTAINS","value":"o"}]`, "orderByAttribute": `{"name":"name","ascending":true}`,
	"page": "1", "search": `""`, "sort": `{"field":"group_name","order":"desc"}`,
}

const addressRules = `[{"Id":0,"Type":"Single IP Address","Value":"192.0.2.9","Description":"The lab"}]`

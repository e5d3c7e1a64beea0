using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// What closes the deployment to others, word by word in the Bicep files, so that it is held where there is no
/// compiler either.
/// </summary>
public sealed class HardeningTests
{
    /// <summary>
    /// A file, a property with its value, and how often it stands there; the property has no other value in
    /// the file.
    /// </summary>
    public static TheoryData<string, string, string, int> Properties =>
        new()
        {
            { "modules/storage.bicep", "allowSharedKeyAccess", "tableKeyAccess", 1 },
            { "modules/storage.bicep", "blob", "{ enabled: false }", 1 },
            { "modules/storage.bicep", "file", "{ enabled: false }", 1 },
            { "modules/storage.bicep", "queue", "{ enabled: false }", 1 },
            { "modules/storage.bicep", "table", "{ enabled: true }", 1 },
            { "modules/storage.bicep", "allowBlobPublicAccess", "false", 1 },
            { "modules/storage.bicep", "allowCrossTenantReplication", "false", 1 },
            { "modules/storage.bicep", "defaultToOAuthAuthentication", "true", 1 },
            { "modules/storage.bicep", "isLocalUserEnabled", "false", 1 },
            { "modules/storage.bicep", "minimumTlsVersion", "'TLS1_2'", 1 },
            { "modules/storage.bicep", "supportsHttpsTrafficOnly", "true", 1 },
            { "modules/storage.bicep", "publicNetworkAccess", "access == 'none' ? 'Disabled' : 'Enabled'", 1 },
            { "modules/storage.bicep", "defaultAction", "access == 'all' ? 'Allow' : 'Deny'", 1 },
            { "modules/storage.bicep", "publicAccess", "'None'", 1 },
            { "modules/storage.bicep", "days", "softDeleteDays", 2 },
            { "modules/storage.bicep", "isVersioningEnabled", "keepVersions", 1 },
            { "modules/storage.bicep", "level", "'CanNotDelete'", 1 },
            { "modules/keyVault.bicep", "enableRbacAuthorization", "true", 1 },
            { "modules/keyVault.bicep", "enableSoftDelete", "true", 1 },
            { "modules/keyVault.bicep", "softDeleteRetentionInDays", "7", 1 },
            { "modules/keyVault.bicep", "enablePurgeProtection", "enablePurgeProtection ? true : null", 1 },
            { "modules/keyVault.bicep", "publicNetworkAccess", "access == 'none' ? 'Disabled' : 'Enabled'", 1 },
            { "modules/keyVault.bicep", "defaultAction", "access == 'all' ? 'Allow' : 'Deny'", 1 },
            { "modules/keyVault.bicep", "categoryGroup", "'audit'", 1 },
            { "modules/functionApp.bicep", "httpsOnly", "true", 1 },
            { "modules/functionApp.bicep", "allow", "false", 2 }, // logins with a password: ftp and scm
            { "modules/functionApp.bicep", "minTlsVersion", "'1.2'", 1 },
            { "modules/functionApp.bicep", "scmMinTlsVersion", "'1.2'", 1 },
            { "modules/monitoring.bicep", "DisableLocalAuth", "true", 1 },
            { "modules/monitoring.bicep", "disableLocalAuth", "true", 1 },
            { "budget.bicep", "threshold", "80|100", 2 },
            { "budget.bicep", "thresholdType", "'Actual'|'Forecasted'", 2 },
            { "main.bicep", "tableKeyAccess", "biSharedKeyAccess", 1 },
            { "main.bicep", "access", "privateNetworking ? 'none' : 'all'|dataAccess|dataAccess", 3 },
            { "main.bicep", "lock", "lockData", 1 },
            { "main.bicep", "enablePurgeProtection", "enablePurgeProtection", 1 },
            { "main.bicep", "deleteAfterDays", "rawRetentionDays", 1 },
            { "main.bicep", "softDeleteDays", "softDeleteDays", 1 },
            { "main.bicep", "keepVersions", "keepVersions", 1 },
        };

    [Theory]
    [MemberData(nameof(Properties))]
    public void It_is_closed(string file, string property, string values, int times)
    {
        var found = Regex
            .Matches(BicepFile.Read(file).Text, $@"^ +{property}: (.*?) *$", RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.Equal(times, found.Count);
        Assert.Equal(
            values.Contains('|', StringComparison.Ordinal) ? values.Split('|') : Enumerable.Repeat(values, times),
            found
        );
    }

    [Fact]
    public void Both_logins_with_a_password_are_off_and_soft_delete_is_on_for_files_and_containers()
    {
        Assert.Matches(
            @"resource ftpLogin 'basicPublishingCredentialsPolicies' = \{\s+name: 'ftp'\s",
            BicepFile.Read("modules/functionApp.bicep").Text
        );
        Assert.Matches(
            @"resource scmLogin 'basicPublishingCredentialsPolicies' = \{\s+name: 'scm'\s",
            BicepFile.Read("modules/functionApp.bicep").Text
        );
        Assert.Equal(
            2,
            Regex.Count(
                BicepFile.Read("modules/storage.bicep").Text,
                @"(?:deleteRetentionPolicy|containerDeleteRetentionPolicy): \{\s+enabled: true\s+days: softDeleteDays\s"
            )
        );
    }

    [Fact]
    public void What_is_not_said_is_closed()
    {
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("biSharedKeyAccess bool", "false"),
                    ("privateNetworking bool", "false"),
                    ("allowedIpRanges string[]", "[]"),
                    ("biReadersGroupId string", "''"),
                    ("operatorPrincipalId string", "''"),
                    ("rawRetentionDays int", "0"),
                ]
        )
        {
            Assert.Contains($"param {name} = {value}\n", BicepFile.Read("main.bicep").Text, StringComparison.Ordinal);
        }

        Assert.Contains(
            "param tableKeyAccess bool = false\n",
            BicepFile.Read("modules/storage.bicep").Text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "@minLength(6)\nparam alertEmail string\n",
            BicepFile.Read("main.bicep").Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_private_network_has_an_endpoint_for_every_service_that_the_app_uses()
    {
        var endpoints = Regex
            .Matches(
                BicepFile.Read("main.bicep").Block("    endpoints:", '[', ']'),
                @"\{ name: '([\w-]+)', resourceId: (\w+)\.outputs\.id, groupId: '(\w+)' \}"
            )
            .Select(match => $"{match.Groups[1].Value}: {match.Groups[2].Value} {match.Groups[3].Value}");
        Assert.Equal(
            [
                "pe-host-blob: hostStorage blob",
                "pe-host-queue: hostStorage queue",
                "pe-host-table: hostStorage table",
                "pe-data-blob: dataStorage blob",
                "pe-data-queue: dataStorage queue",
                "pe-data-table: dataStorage table",
                "pe-vault: keyVault vault",
            ],
            endpoints
        );
        var network = BicepFile.Read("modules/network.bicep").Text;
        foreach (var subnet in (string[])["functions", "endpoints"])
        {
            Assert.Contains(
                $"networkSecurityGroup: empty(securityGroups.{subnet}) ? null : {{ id: securityGroups.{subnet} }}\n",
                network,
                StringComparison.Ordinal
            );
        }

        Assert.Contains(
            "privateEndpointNetworkPolicies: empty(securityGroups.endpoints) ? 'Disabled' : "
                + "'NetworkSecurityGroupEnabled'\n",
            network,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_would_be_ignored_is_refused()
    {
        var main = BicepFile.Read("main.bicep").Text;
        Assert.Matches(
            @"var dataAccess = privateNetworking\s+\? \(empty\(allowedIpRanges\) \? 'none' : 'listed'\)\s+: \(empty\(allowedIpRanges\) \? 'all' : fail\('allowedIpRanges needs privateNetworking = true: [^']+'\)\)",
            main
        );
        Assert.Matches(
            @"zoneRedundant: zoneRedundant && !contains\(storageSku, 'ZRS'\)\s+\? fail\('zoneRedundant needs storageSku Standard_ZRS or Standard_GZRS: [^']+'\)\s+: zoneRedundant\s",
            main
        );
    }

    [Fact]
    public void Production_is_protected_and_development_is_cheap()
    {
        var prod = Parameters("prod");
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("storageSku", "'Standard_ZRS'"),
                    ("enablePurgeProtection", "true"),
                    ("lockData", "true"),
                    ("softDeleteDays", "30"),
                    ("keepVersions", "true"),
                    ("logRetentionDays", "90"),
                    ("secrets", "['Census__ApiKey']"),
                ]
        )
        {
            Assert.Equal((name, value), (name, prod[name]));
        }
        // It keeps every raw body, reads the publishers, and opens nothing.
        Assert.Empty(
            prod.Keys.Intersect([
                "rawRetentionDays",
                "sources",
                "biSharedKeyAccess",
                "allowedIpRanges",
                "zoneRedundant",
            ])
        );
        var dev = Parameters("dev");
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("sources", "{ Sources__Mode: 'samples' }"),
                    ("secrets", "[]"),
                    ("rawRetentionDays", "14"),
                    ("logDailyQuotaGb", "'0.2'"),
                ]
        )
        {
            Assert.Equal((name, value), (name, dev[name]));
        }

        Assert.Empty(
            dev.Keys.Intersect(["biSharedKeyAccess", "allowedIpRanges", "zoneRedundant", "enablePurgeProtection"])
        );
    }

    [Theory]
    // a variable that the workflow lacks comes as an empty text: on
    [InlineData("environments/prod", "readEnvironmentVariable('ALERTS_ENABLED', 'true') != 'false'")]
    [InlineData("environments/dev", "readEnvironmentVariable('ALERTS_ENABLED', 'false') == 'true'")]
    [InlineData("main", "readEnvironmentVariable('ALERTS_ENABLED', 'false') == 'true'")]
    public void Production_has_alerts_unless_they_are_declined_and_others_if_they_are_asked_for(
        string file,
        string value
    ) =>
        Assert.Equal(
            [value],
            Regex
                .Matches(
                    BicepFile.Read($"{file}.bicepparam").Text,
                    @"^param alertsEnabled = (.*?) *(?://.*)?$",
                    RegexOptions.Multiline
                )
                .Select(match => match.Groups[1].Value)
        );

    [Fact]
    public void What_is_written_and_read_with_a_key_is_logged()
    {
        var tables = BicepFile.Read("modules/storage.bicep").Block("resource tableDiagnostics ", '{', '}');
        Assert.Equal(
            ["StorageDelete true", "StorageRead tableKeyAccess", "StorageWrite tableKeyAccess"],
            Regex
                .Matches(tables, @"category: '(Storage\w+)'\s+enabled: (\w+)")
                .Select(match => $"{match.Groups[1].Value} {match.Groups[2].Value}")
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_usual_month_is_below_what_the_budgets_tell_of()
    {
        var runbook = File.ReadAllText(Path.Combine(BicepFile.Folder, "COSTS.md"));
        var month = Number(runbook, @"\| \*\*a month\*\* \| \*\*([\d.]+)\*\*");
        var more = Number(runbook, @"\| prod, besides \| [^|]*\*\*([\d.]+)\*\* \|");
        var parts = Regex
            .Match(runbook, @"(?s)\| \*\*execution\*\*.*?(?=\| \*\*a month)")
            .Value.TrimEnd('\n')
            .Split('\n')
            .Select(row => row.Split(" | ")[1])
            .Sum(cell =>
                decimal.Parse(
                    Regex.Matches(cell, @"\*\*([\d.]+)\*\*")[^1].Groups[1].Value,
                    CultureInfo.InvariantCulture
                )
            );
        Assert.Equal(month, Math.Round(parts, 1));
        foreach (var (environment, usual) in ((string, decimal)[])[("dev", month), ("prod", month + more)])
        {
            var budget = decimal.Parse(
                Parameters(environment, "budget")["monthlyBudget"],
                CultureInfo.InvariantCulture
            );
            Assert.True(
                usual < budget * 0.8m,
                $"{environment}: a usual month costs {usual}, 80 % of its budget of {budget} are told of"
            );
            Assert.Contains($"{environment}'s {budget:0} × 0.8 = {budget * 0.8m:0}", runbook, StringComparison.Ordinal);
        }
    }

    private static decimal Number(string text, string pattern)
    {
        var match = Regex.Match(text, pattern);
        Assert.True(match.Success, $"infra/COSTS.md: nothing matches {pattern}");
        return decimal.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
    }

    private static Dictionary<string, string> Parameters(string environment, string folder = "environments") =>
        Regex
            .Matches(
                BicepFile.Read($"{folder}/{environment}.bicepparam").Text,
                @"^param (\w+) = (.*?) *$",
                RegexOptions.Multiline
            )
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value, StringComparer.Ordinal);
}

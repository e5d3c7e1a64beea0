using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Storage;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// What Azure is asked to make, in the compiled template: who may do what, what is connected with what, what
/// ages and what is logged.
/// </summary>
public sealed class TemplateTests
{
    /// <summary>Built-in roles by their ids, as Azure's reference of roles lists them.</summary>
    private static readonly IReadOnlyDictionary<string, string> BuiltIn = new Dictionary<string, string>
    {
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"] = "Storage Blob Data Reader",
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
        ["76199698-9eea-4c19-bc75-cec21354c6b6"] = "Storage Table Data Reader",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
    };

    [Fact]
    public void Each_has_the_roles_it_needs_where_it_needs_them_and_no_other()
    {
        var access = Template.Module("access");
        var given = Template
            .Resources(access)
            .Where(resource => resource.GetProperty("type").GetString() == "Microsoft.Authorization/roleAssignments")
            .SelectMany(
                assignment => Roles(access, Template.At(assignment, "properties/roleDefinitionId")),
                (assignment, role) =>
                    $"{Regex.Match(Template.At(assignment, "properties/principalId"), @"parameters\('(\w+)'\)").Groups[1].Value}: {role}, {Regex.Matches(Template.At(assignment, "scope"), @"parameters\('(\w+)'\)")[^1].Groups[1].Value}"
            );
        Assert.Equal(
            [
                "biReadersGroupId: Storage Blob Data Reader, exportsContainerName",
                "biReadersGroupId: Storage Table Data Reader, dataStorageName",
                "identityName: Key Vault Secrets User, keyVaultName",
                "identityName: Monitoring Metrics Publisher, applicationInsightsName",
                "identityName: Storage Blob Data Contributor, dataStorageName",
                "identityName: Storage Blob Data Owner, hostStorageName",
                "identityName: Storage Queue Data Contributor, dataStorageName",
                "identityName: Storage Table Data Contributor, dataStorageName",
                "identityName: Storage Table Data Contributor, hostStorageName",
                "operatorPrincipalId: Key Vault Secrets Officer, keyVaultName",
                "operatorPrincipalId: Storage Blob Data Contributor, dataStorageName",
                "operatorPrincipalId: Storage Queue Data Contributor, dataStorageName",
                "operatorPrincipalId: Storage Table Data Contributor, dataStorageName",
            ],
            given.Order(StringComparer.Ordinal)
        );
        Assert.DoesNotContain(Template.Main.GetProperty("resources").EnumerateObject(), module =>
            module.Name != "access"
            && module.Value.GetRawText().Contains("Microsoft.Authorization/roleAssignments", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Who_is_given_a_role_is_given_it_on_what_main_makes()
    {
        Assert.Equal(Names.ExportsContainer, Template.Argument("access", "exportsContainerName"));
        foreach (
            var (parameter, module, name) in ((string, string, string)[])
                [
                    ("identityName", "identity", "name"),
                    ("hostStorageName", "hostStorage", "name"),
                    ("dataStorageName", "dataStorage", "name"),
                    ("keyVaultName", "keyVault", "name"),
                    ("applicationInsightsName", "monitoring", "applicationInsightsName"),
                ]
        )
        {
            Assert.Equal(Template.Argument(module, name), Template.Argument("access", parameter));
        }

        Assert.NotEqual(Template.Argument("hostStorage", "name"), Template.Argument("dataStorage", "name"));
    }

    [Fact]
    public void The_app_waits_for_its_roles_and_takes_part_in_the_network_where_there_is_one()
    {
        var app = Template
            .Main.GetProperty("resources")
            .GetProperty("functionApp")
            .GetProperty("dependsOn")
            .EnumerateArray()
            .Select(name => name.GetString());
        Assert.Superset(new HashSet<string?>(["access", "network"]), app.ToHashSet());
        var subnets = Template
            .Resource("network", "Microsoft.Network/virtualNetworks")
            .GetProperty("properties")
            .GetProperty("subnets");
        Assert.Equal(
            ("functions", "Microsoft.App/environments"),
            (Template.At(subnets, "0/name"), Template.At(subnets, "0/properties/delegations/0/properties/serviceName"))
        );
        Assert.Equal(
            "1",
            Template.At(Template.Resource("network", "Microsoft.Network/privateEndpoints"), "copy/batchSize")
        );
    }

    [Fact]
    public void The_app_uses_its_identity_for_references_package_telemetry_and_both_accounts()
    {
        var app = Template.Resource("functionApp", "Microsoft.Web/sites");
        Assert.Equal("UserAssigned", Template.At(app, "identity/type"));
        Assert.Equal("[parameters('identityId')]", Template.At(app, "properties/keyVaultReferenceIdentity"));
        Assert.Equal(
            "[parameters('identityId')]",
            Template.At(
                app,
                "properties/functionAppConfig/deployment/storage/authentication/userAssignedIdentityResourceId"
            )
        );
        Assert.Equal(
            "[format('{0}{1}', reference('hostStorage').primaryEndpoints.blob, parameters('deploymentContainerName'))]",
            Template.At(app, "properties/functionAppConfig/deployment/storage/value")
        );
        var settings = Template.At(Template.Resource("functionApp", "Microsoft.Web/sites/config"), "properties");
        foreach (
            var (name, value) in ((string, string)[])
                [
                    ("AzureWebJobsStorage__accountName", "parameters('hostStorageName')"),
                    ("AzureWebJobsStorage__credential", "'managedidentity'"),
                    ("AzureWebJobsStorage__clientId", "parameters('identityClientId')"),
                    ("PipelineStorage__blobServiceUri", "reference('dataStorage').primaryEndpoints.blob"),
                    ("PipelineStorage__queueServiceUri", "reference('dataStorage').primaryEndpoints.queue"),
                    ("PipelineStorage__tableServiceUri", "reference('dataStorage').primaryEndpoints.table"),
                    ("PipelineStorage__credential", "'managedidentity'"),
                    ("PipelineStorage__clientId", "parameters('identityClientId')"),
                    (
                        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
                        "format('ClientId={0};Authorization=AAD', parameters('identityClientId'))"
                    ),
                    ("OTEL_TRACES_SAMPLER", "'microsoft.fixed_percentage'"),
                    ("OTEL_TRACES_SAMPLER_ARG", "'1'"),
                ]
        )
        {
            Assert.Contains($"'{name}', {value}", settings, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Raw_bodies_age_and_nothing_else_and_only_the_data_account_logs_who_writes()
    {
        Assert.Equal($"[\"{Names.RawContainer}/\"]", Template.Argument("dataStorage", "coolPrefixes"));
        Assert.Equal(
            "[variables('ageingRules')]",
            Template.At(
                Template.Resource("dataStorage", "Microsoft.Storage/storageAccounts/managementPolicies"),
                "properties/policy/rules"
            )
        );
        var variables = Template.Module("dataStorage").GetProperty("variables");
        Assert.Equal(
            ("[parameters('coolPrefixes')]", "[\"blockBlob\"]"),
            (
                Template.At(variables, "ageOfFiles/definition/filters/prefixMatch"),
                Template.At(variables, "ageOfFiles/definition/filters/blobTypes")
            )
        );
        // Versions of raw and curated files are kept: what was deleted by mistake, or on purpose, comes back.
        Assert.Equal(
            $"[\"{Names.ExportsContainer}/\",\"{Names.LocksContainer}/\"]",
            Template.Argument("dataStorage", "passingPrefixes")
        );
        Assert.Equal(
            ("[parameters('passingPrefixes')]", "[parameters('softDeleteDays')]"),
            (
                Template.At(variables, "ageOfVersions/definition/filters/prefixMatch"),
                Template.At(variables, "ageOfVersions/definition/actions/version/delete/daysAfterCreationGreaterThan")
            )
        );
        Assert.Equal(
            ("true", "false"),
            (Template.Argument("dataStorage", "logDataPlane"), Template.Argument("hostStorage", "logDataPlane"))
        );
        foreach (var list in (string[])["containers", "queues", "tables"])
            Assert.Equal($"[variables('{list}')]", Template.Argument("dataStorage", list));
        Assert.Equal("[\"[variables('deploymentContainer')]\"]", Template.Argument("hostStorage", "containers"));
        Assert.Equal("[variables('deploymentContainer')]", Template.Argument("functionApp", "deploymentContainerName"));
    }

    [Fact]
    public void An_alert_fires_at_the_first_row_and_tells_the_action_group()
    {
        var rule = Template.Resource("alerts", "Microsoft.Insights/scheduledQueryRules").GetProperty("properties");
        foreach (
            var (path, value) in ((string, string)[])
                [
                    ("criteria/allOf/0/query", "[variables('logRules')[copyIndex()].query]"),
                    ("criteria/allOf/0/timeAggregation", "Count"),
                    ("criteria/allOf/0/operator", "GreaterThan"),
                    ("criteria/allOf/0/threshold", "0"),
                    ("criteria/allOf/0/failingPeriods/numberOfEvaluationPeriods", "1"),
                    ("criteria/allOf/0/failingPeriods/minFailingPeriodsToAlert", "1"),
                    (
                        "enabled",
                        "[and(parameters('enabled'), or(parameters('figuresAreLive'), "
                            + "not(equals(variables('logRules')[copyIndex()].name, 'data-stale'))))]"
                    ),
                    ("windowSize", "[variables('logRules')[copyIndex()].window]"),
                    ("severity", "[variables('logRules')[copyIndex()].severity]"),
                    ("scopes/0", "[parameters('workspaceId')]"),
                    (
                        "evaluationFrequency",
                        "[if(equals(variables('logRules')[copyIndex()].window, 'P2D'), 'PT1H', 'PT15M')]"
                    ),
                    ("skipQueryValidation", "true"),
                    (
                        "actions/actionGroups/0",
                        "[resourceId('Microsoft.Insights/actionGroups', format('{0}-operators', "
                            + "parameters('namePrefix')))]"
                    ),
                ]
        )
        {
            Assert.Equal((path, value), (path, Template.At(rule, path)));
        }

        var exceptions = Template.Resource("alerts", "Microsoft.Insights/metricAlerts").GetProperty("properties");
        foreach (
            var (path, value) in ((string, string)[])
                [
                    ("criteria/allOf/0/metricName", "exceptions/count"),
                    ("criteria/allOf/0/operator", "GreaterThan"),
                    ("criteria/allOf/0/threshold", "30"),
                    ("windowSize", "PT15M"),
                    ("enabled", "[parameters('enabled')]"),
                    (
                        "actions/0/actionGroupId",
                        "[resourceId('Microsoft.Insights/actionGroups', format('{0}-operators', "
                            + "parameters('namePrefix')))]"
                    ),
                ]
        )
        {
            Assert.Equal((path, value), (path, Template.At(exceptions, path)));
        }

        var group = Template.Resource("alerts", "Microsoft.Insights/actionGroups").GetProperty("properties");
        Assert.Equal(
            ("true", "[parameters('alertEmail')]"),
            (Template.At(group, "enabled"), Template.At(group, "emailReceivers/0/emailAddress"))
        );
    }

    /// <summary>The names of the roles that one assignment, or each of a loop, gives.</summary>
    private static IEnumerable<string> Roles(JsonElement access, string definition)
    {
        var variables = access.GetProperty("variables");
        var loop = Regex.Match(definition, @"variables\('(\w+)'\)\[copyIndex\(\)\]");
        var roles = loop.Success
            ? variables.GetProperty(loop.Groups[1].Value).EnumerateArray().Select(role => role.GetString()!)
            : [definition];
        return roles
            .Select(role =>
                variables
                    .GetProperty("roleIds")
                    .GetProperty(Regex.Match(role, @"variables\('roleIds'\)\.(\w+)").Groups[1].Value)
                    .GetString()!
            )
            .Select(id => BuiltIn.GetValueOrDefault(id, id));
    }
}

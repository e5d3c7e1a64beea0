using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// What the identity of the workflow may give to others: the roles of <c>modules/access.bicep</c>, and nothing
/// that would make it more than it is.
/// </summary>
public sealed class DeployerTests
{
    private const string Roles = @"\{([0-9a-f-]{36}(?:, [0-9a-f-]{36})*)\}";
    private static readonly string Runbook = File.ReadAllText(Path.Combine(BicepFile.Folder, "DEPLOY.md"));

    [Fact]
    public void It_may_give_and_take_the_roles_of_the_deployment_and_no_other()
    {
        var condition = Regex
            .Replace(File.ReadAllText(Path.Combine(BicepFile.Folder, "deployer.condition")), @"\s+", " ")
            .Trim();
        var parts = Regex.Match(
            condition,
            $@"^\( \(!\(ActionMatches\{{'Microsoft\.Authorization/roleAssignments/write'\}}\)\) OR \(@Request\[Microsoft\.Authorization/roleAssignments:RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals {Roles}\) \) "
                + $@"AND \( \(!\(ActionMatches\{{'Microsoft\.Authorization/roleAssignments/delete'\}}\)\) OR \(@Resource\[Microsoft\.Authorization/roleAssignments:RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals {Roles}\) \)$"
        );
        Assert.True(parts.Success, condition);
        var given = BicepFile
            .Read("modules/access.bicep")
            .Object("var roleIds =")
            .Values.Order(StringComparer.Ordinal)
            .ToList();
        foreach (var group in (int[])[1, 2])
            Assert.Equal(given, parts.Groups[group].Value.Split(", ").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_role_that_the_deployment_gives_is_one_of_the_list()
    {
        var access = BicepFile.Read("modules/access.bicep").Text;
        var ids = Regex
            .Matches(access, @"'([0-9a-f]{8}-[0-9a-f-]{27})'")
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.Equal(BicepFile.Read("modules/access.bicep").Object("var roleIds =").Values, ids);
        Assert.All(
            Regex
                .Matches(
                    access,
                    @"subscriptionResourceId\(\s*'Microsoft\.Authorization/roleDefinitions',\s*([\w.]+)\s*\)"
                )
                .Select(match => match.Groups[1].Value),
            role => Assert.True(role == "role" || role.StartsWith("roleIds.", StringComparison.Ordinal), role)
        );
    }

    [Fact]
    public void The_runbook_gives_it_this_much_and_no_unconditional_right_over_roles()
    {
        Assert.Equal(
            [
                "assign $environment-plan Reader",
                "assign $environment-plan \"$role\"",
                "assign $environment Contributor",
                "assign $environment \"$locks\"",
                "assign $environment 'Role Based Access Control Administrator' --condition-version 2.0 --condition "
                    + "\"$(cat infra/deployer.condition)\"",
            ],
            Regex
                .Matches(Runbook, @"(?:^|&& )(assign \$.*?)(?= && |$)", RegexOptions.Multiline)
                .Select(match => match.Groups[1].Value)
        );
        Assert.DoesNotContain("User Access Administrator", Runbook, StringComparison.Ordinal);
        // What Contributor and the administrator of roles both lack, and the lock of the data account needs.
        Assert.Contains(
            "\\\"Actions\\\": [\\\"Microsoft.Authorization/locks/*\\\"]",
            Runbook,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Every_variable_that_the_workflow_reads_is_set_in_both_environments()
    {
        var read = Regex
            .Matches(
                File.ReadAllText(Path.Combine(Repository.Root, ".github", "workflows", "deploy.yml")),
                @"vars\.(\w+)"
            )
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .Order(StringComparer.Ordinal);
        var block = Regex
            .Match(Runbook, @"(?s)for name in \$environment-plan \$environment; do\n  gh api .*?\n```")
            .Value;
        var set = Regex
            .Matches(block, @"gh variable set ([A-Z_]+)|(?<=[ ""])([A-Z_]+)=")
            .Select(match => match.Groups[1].Value + match.Groups[2].Value);
        Assert.Equal(read, set.Order(StringComparer.Ordinal));
        Assert.Contains(
            "gh variable set \"${pair%%=*}\" --env \"$name\" --repo \"$repository\" --body \"${pair#*=}\"",
            block,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Whatever_it_makes_outside_the_resource_group_is_deleted_with_everything()
    {
        var (before, after) = (
            Runbook[..Runbook.IndexOf("## Deleting everything", StringComparison.Ordinal)],
            Runbook[Runbook.IndexOf("## Deleting everything", StringComparison.Ordinal)..]
        );
        var groups = Regex
            .Matches(before, @"az group create --name (rg-(?!tradepipe-)\w+)")
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.Equal(["rg-deploy"], groups);
        Assert.All(groups, group => Assert.Contains($"`{group}`", after, StringComparison.Ordinal));
        foreach (Match name in Regex.Matches(before, @"(?:role|locks)=""(Deployment [\w-]+) \$group \$subscription"""))
        {
            Assert.Contains(
                $"\"{name.Groups[1].Value} $AZURE_RESOURCE_GROUP $subscription\"",
                after,
                StringComparison.Ordinal
            );
        }

        Assert.Equal(2, Regex.Count(before, "az role definition create "));
        foreach (
            var command in (string[])
                [
                    "az group delete --name rg-deploy",
                    "gh api --method DELETE \"repos/$repository/environments/$name\"",
                    "az identity delete ",
                    "az keyvault recover --name \"$AZURE_KEY_VAULT_NAME\"",
                    "az role definition delete ",
                ]
        )
        {
            Assert.Contains(command, after, StringComparison.Ordinal);
        }
    }
}

using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// Rights end at the resource group of an environment: who deploys dev cannot reach prod. Templates, scripts, workflows
/// and instructions name no role, deployment or id of a whole subscription.
/// </summary>
public sealed class ScopeTests
{
    /// <summary>The id of a subscription that does not go on to a resource group.</summary>
    private const string Whole =
        @"/subscriptions/(?:\$\([^)]*\)|\$\{?\w+\}?|\{\w+\}|[0-9a-f-]{36})(?!/resourceGroups/)(?=[""'\s]|$)";

    /// <summary>Files that give roles or deploy, by their paths in the repository.</summary>
    private static readonly IReadOnlyList<(string Path, string Text)> Files =
    [
        .. new[] { "infra", ".github", ".ci" }
            .SelectMany(folder =>
                Directory.EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories)
            )
            .Where(path => !path.EndsWith(".json", StringComparison.Ordinal))
            .Append(Path.Combine(Repository.Root, "README.md"))
            .Select(path => (Path.GetRelativePath(Repository.Root, path), File.ReadAllText(path))),
    ];

    [Fact]
    public void A_deployment_is_one_of_a_resource_group()
    {
        Assert.Equal(["targetScope = 'resourceGroup'"], Matches(@"^targetScope = '\w+'").Distinct());
        Assert.Empty(Matches(@"az deployment (?:sub|mg|tenant)\b"));
        Assert.Empty(Matches(@"\bscope: (?:subscription|managementGroup|tenant)\("));
        Assert.EndsWith("/deploymentTemplate.json#", Template.At(Template.Main, "$schema"), StringComparison.Ordinal);
        foreach (var resource in Template.Resources(Template.Main))
        {
            Assert.False(resource.TryGetProperty("subscriptionId", out _), resource.GetRawText()[..80]);
            Assert.False(resource.TryGetProperty("resourceGroup", out _), resource.GetRawText()[..80]);
        }
    }

    [Fact]
    public void No_role_is_one_of_a_whole_subscription()
    {
        Assert.Empty(Matches(Whole));
        var given = Matches(@"^ *az role assignment create .*(?:\\\n.*)*$");
        Assert.Equal(3, given.Count); // two of operators, one of the identities of the workflow
        Assert.All(given, command =>
            Assert.Matches(
                @"--scope ""(?:\$scope|\$\(az (?:group|functionapp) show [^)]*--query id [^)]*\))""",
                command
            )
        );
        Assert.All(Matches(@"^ *scope=(?!'Slices).*$"), line =>
            Assert.Matches(@"^scope=/subscriptions/\$subscription/resourceGroups/\$\w+$", line)
        );
        // A role of our own can be assigned inside its group only.
        Assert.All(Matches(@"""AssignableScopes\\"": \[.*?\]"), scopes =>
            Assert.EndsWith(@": [\""$scope\""]", scopes, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("--scope \"/subscriptions/$(az account show --query id --output tsv)\"", true)]
    [InlineData("scope=/subscriptions/$subscription role=x", true)]
    [InlineData("--scope /subscriptions/00000000-0000-0000-0000-000000000000", true)]
    [InlineData("scope=/subscriptions/$subscription/resourceGroups/$group", false)]
    [InlineData("group=/subscriptions/$(az account show --query id)/resourceGroups/$AZURE_RESOURCE_GROUP", false)]
    public void The_pattern_tells_a_subscription_from_a_group(string text, bool whole) =>
        Assert.Equal(whole, Regex.IsMatch(text, Whole));

    [Fact]
    public void Main_is_kept_by_a_ruleset_that_asks_for_the_check_of_the_workflow()
    {
        var ruleset = Runbook.Part(@"(?s)/rulesets"" --input - <<'JSON'\n.*?\nJSON\n");
        var check = Regex.Match(ruleset, @"""context"": ""([^""]+)""").Groups[1].Value;
        Assert.Contains(
            $"    name: {check}\n",
            Files.Single(file => file.Path.EndsWith("pipeline.yml", StringComparison.Ordinal)).Text,
            StringComparison.Ordinal
        );
        foreach (var rule in (string[])["deletion", "non_fast_forward", "pull_request", "required_status_checks"])
            Assert.Contains($"{{\"type\": \"{rule}\"", ruleset, StringComparison.Ordinal);
        Assert.Contains("\"bypass_actors\": []", ruleset, StringComparison.Ordinal);
    }

    private static List<string> Matches(string pattern) =>
        [
            .. Files.SelectMany(file =>
                Regex.Matches(file.Text, pattern, RegexOptions.Multiline).Select(match => match.Value)
            ),
        ];
}

using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// <c>azure.yaml</c> and the workflows name what there is, and deploy what was tested, in this order.
/// </summary>
public sealed class DeliveryTests : IDisposable
{
    private static readonly string Azd = Read("azure.yaml");
    private static readonly string Pipeline = Read(".github/workflows/pipeline.yml");
    private static readonly string Deploy = Read(".github/workflows/deploy.yml");
    private readonly Script script = new();

    public void Dispose() => script.Dispose();

    [Fact]
    public void The_service_of_azd_is_the_one_that_the_app_is_tagged_with()
    {
        var service = Regex.Match(Azd, @"^services:\n  (\S+):", RegexOptions.Multiline).Groups[1].Value;
        Assert.Equal(
            $"var serviceName = '{service}'",
            BicepFile.Read("main.bicep").Match(@"var serviceName = '[^']*'").Value
        );
        Assert.Contains(
            "union(tags, { 'azd-service-name': serviceName })",
            BicepFile.Read("modules/functionApp.bicep").Text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void The_files_that_are_named_are_there()
    {
        var (folder, module) = (Value(Azd, "path"), Value(Azd, "module"));
        string[] named =
        [
            $"{folder}/{module}.bicep",
            $"{folder}/{module}.bicepparam",
            .. Directory
                .EnumerateFiles(Path.Combine(Repository.Root, Value(Azd, "project")), "*.csproj")
                .Take(1)
                .DefaultIfEmpty("no project"),
            .. Regex.Matches(Azd + Pipeline + Deploy, @"\bbash (\S+/\S+)").Select(match => match.Groups[1].Value),
            .. Regex.Matches(Pipeline, @"uses: \./(\S+)").Select(match => match.Groups[1].Value),
            .. Regex
                .Matches(Pipeline, @"environment: (\w+)$", RegexOptions.Multiline)
                .Select(match => $"infra/environments/{match.Groups[1].Value}.bicepparam"),
        ];
        Assert.All(named, path => Assert.True(File.Exists(Path.Combine(Repository.Root, path)), $"there is no {path}"));
        Assert.Equal(2, Regex.Count(Azd, @"^      run: bash infra/after-deploy\.sh$", RegexOptions.Multiline));
    }

    [Fact]
    public void What_is_sent_is_built_after_the_tests_from_the_same_sources()
    {
        var package = Job(Pipeline, "package");
        Assert.Matches(@"(?m)^    needs: check$", package);
        Assert.Contains(
            "- run: dotnet publish src/Pipeline.Functions -c Release -o package\n",
            package,
            StringComparison.Ordinal
        );
        Assert.Contains("- run: bash .ci/run\n", Job(Pipeline, "check"), StringComparison.Ordinal);
        Assert.Matches(
            @"(?s)needs: package\n    if: github\.ref == 'refs/heads/main' && github\.event_name != 'pull_request'\n    uses: \./\.github/workflows/deploy\.yml\n.*environment: dev\s*$",
            Job(Pipeline, "dev")
        );
        Assert.Matches(
            @"(?s)needs: dev\n    uses: \./\.github/workflows/deploy\.yml\n.*environment: prod\s*$",
            Job(Pipeline, "prod")
        );
    }

    [Fact]
    public void Actions_of_others_are_named_by_the_commit_with_the_version_beside_it()
    {
        var used = Regex
            .Matches(Pipeline + Deploy, @"uses: (?!\./)(.*)")
            .Select(match => match.Groups[1].Value)
            .ToList();
        Assert.True(used.Count >= 10, string.Join('\n', used));
        Assert.All(used, action => Assert.Matches(@"^[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", action));
        // One version of each.
        Assert.Equal(used.Select(action => action.Split('@')[0]).Distinct().Count(), used.Distinct().Count());
    }

    [Fact]
    public void A_deployment_is_looked_at_then_made_then_tried()
    {
        string[] steps =
        [
            "az deployment group what-if --name pipeline --resource-group \"$RESOURCE_GROUP\" ",
            "    needs: what-if\n",
            "az deployment group create --name pipeline --resource-group \"$RESOURCE_GROUP\" ",
            "az functionapp deployment source config-zip ",
            "        run: bash infra/after-deploy.sh\n",
        ];
        var places = steps.Select(step => Deploy.IndexOf(step, StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
    }

    [Fact]
    public void What_is_sent_has_a_list_of_its_parts_and_is_proved_to_be_what_was_built()
    {
        var package = Job(Pipeline, "package");
        string[] steps =
        [
            "dotnet publish src/Pipeline.Functions ",
            "zip -qr ../package.zip .\n",
            "dotnet sbom-tool generate -b package -bc src/Pipeline.Functions -m . ",
            "          path: _manifest/spdx_2.2/manifest.spdx.json\n",
            "          subject-path: package.zip\n      - uses: ",
            "          sbom-path: _manifest/spdx_2.2/manifest.spdx.json\n",
        ];
        var places = steps.Select(step => package.IndexOf(step, StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, places);
        Assert.Equal(places.Order(), places);
        Assert.Contains("      attestations: write\n", package, StringComparison.Ordinal);
        Assert.Contains("\"microsoft.sbom.dotnettool\"", Read(".config/dotnet-tools.json"), StringComparison.Ordinal);
        // Before anything is changed in Azure.
        var verified = Deploy.IndexOf(
            "        run: gh attestation verify package.zip --repo \"$GITHUB_REPOSITORY\"\n",
            StringComparison.Ordinal
        );
        Assert.InRange(verified, 1, Deploy.IndexOf("az deployment group create ", StringComparison.Ordinal));
        foreach (var workflow in (string[])[Job(Pipeline, "dev"), Job(Pipeline, "prod"), Deploy])
            Assert.Contains("  attestations: read\n", workflow, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0, 1, 0)]
    [InlineData(4, 0, 5, 4)] // at the fifth it is taken
    [InlineData(99, 1, 5, 4)] // never: what follows would try the package before it
    public async Task A_package_that_is_refused_is_sent_again_and_one_that_is_refused_for_ever_is_a_failure(
        int refusals,
        int expected,
        int sent,
        int waits
    )
    {
        var step = Regex.Match(Deploy, @"(?m)^      - name: Send the package\n        run: \|\n((?:          .*\n)+)");
        Assert.True(step.Success, "deploy.yml has no step that sends the package");
        var path = Path.Combine(script.Folder, "send.sh");
        await File.WriteAllTextAsync(path, $"set -eo pipefail\n{step.Groups[1].Value}");
        script.Command("sleep", "echo \"sleep $*\" >> \"$FAKE/calls\"");
        script.Command(
            "az",
            $"""
            echo "az $*" >> "$FAKE/calls"
            [ "$(grep -c '^az ' "$FAKE/calls")" -gt {refusals} ]
            """
        );
        var (code, output, error) = await script.RunAsync(
            path,
            [],
            new Dictionary<string, string?> { ["AZURE_RESOURCE_GROUP"] = "rg", ["AZURE_FUNCTION_NAME"] = "func-x" }
        );
        Assert.Equal((expected, "", ""), (code, output, error));
        var calls = await File.ReadAllLinesAsync(Path.Combine(script.Folder, "calls"));
        Assert.Equal(
            sent,
            calls.Count(call =>
                call
                == "az functionapp deployment source config-zip --resource-group rg --name func-x --src package.zip"
            )
        );
        Assert.Equal((sent + waits, waits), (calls.Length, calls.Count(call => call == "sleep 60")));
    }

    [Fact]
    public void Azd_waits_for_the_roles_before_it_sends_the_package()
    {
        // Of the project: the service has no hook between provisioning and packaging.
        var hooks = Regex.Match(Azd, @"(?ms)^hooks:\n(.*)\z").Groups[1].Value;
        Assert.Matches(
            @"(?m)^  postprovision:\n    posix:\n      shell: sh\n      run: sleep 90\n    windows:\n      shell: pwsh\n      run: Start-Sleep -Seconds 90\n",
            hooks
        );
    }

    [Fact]
    public void Newer_versions_of_whatever_is_pinned_are_looked_for_every_week()
    {
        var updates = Regex
            .Matches(
                Read(".github/dependabot.yml"),
                @"(?m)^  - package-ecosystem: ([\w-]+)(?: #.*)?\n    directory: /\n    schedule:\n      interval: weekly\n"
            )
            .Select(match => match.Groups[1].Value);
        Assert.Equal(["github-actions", "nuget", "npm"], updates);
        foreach (var pinned in (string[])["Directory.Packages.props", "package-lock.json"])
            Assert.True(File.Exists(Path.Combine(Repository.Root, pinned)), pinned);
    }

    [Fact]
    public void Who_only_looks_has_an_environment_of_its_own_and_is_not_asked_to_prove_that_it_may_write()
    {
        Assert.Contains(
            "    environment: ${{ inputs.environment }}-plan\n",
            Job(Deploy, "what-if"),
            StringComparison.Ordinal
        );
        Assert.Contains(" --validation-level ProviderNoRbac ", Job(Deploy, "what-if"), StringComparison.Ordinal);
        Assert.Contains(
            "    environment: ${{ inputs.environment }}\n",
            Job(Deploy, "deploy"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_deployment_that_waits_for_approval_holds_up_no_other_change()
    {
        Assert.Contains(
            "  group: pipeline-${{ github.event_name == 'pull_request' && github.ref || github.run_id }}\n",
            Pipeline,
            StringComparison.Ordinal
        );
        Assert.DoesNotMatch("(?m)^concurrency:", Deploy);
        Assert.Contains(
            "    concurrency:\n      group: deploy-${{ inputs.environment }}\n      cancel-in-progress: false\n",
            Job(Deploy, "deploy"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Every_variable_that_a_parameter_file_reads_is_handed_to_it_at_both_steps()
    {
        // That of the budget apart, which has parameters of its own.
        var steps = Regex.Replace(Deploy, @"(?s)      - name: Budget .*?(?=\n      [#-])", "");
        foreach (var environment in (string[])["dev", "prod"])
        {
            foreach (
                Match read in Regex.Matches(
                    BicepFile.Read($"environments/{environment}.bicepparam").Text,
                    @"readEnvironmentVariable\('(?!RUNBOOK_URL)(\w+)'"
                )
            )
            {
                Assert.Equal(
                    2,
                    Regex.Count(
                        steps,
                        $@"^          {read.Groups[1].Value}: \$\{{\{{ vars\.{read.Groups[1].Value} \}}\}}$",
                        RegexOptions.Multiline
                    )
                );
            }
        }
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Repository.Root, path));

    private static string Value(string yaml, string key) =>
        Regex.Match(yaml, $@"^ +{key}: (\S+)", RegexOptions.Multiline).Groups[1].Value;

    /// <summary>The text of one job of a workflow.</summary>
    private static string Job(string workflow, string name)
    {
        var job = Regex.Match(workflow, $@"(?ms)^  {name}:\n(.*?)(?=^  [\w-]+:\n|\z)");
        Assert.True(job.Success, $"there is no job {name}");
        return job.Groups[1].Value;
    }
}

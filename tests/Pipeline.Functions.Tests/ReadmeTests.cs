using System.Diagnostics;
using System.Text.RegularExpressions;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>What the README shows is what the program does; <see cref="GeneratedTests"/> write its tables.</summary>
public sealed class ReadmeTests(Azurite azurite)
{
    private static readonly string Path = System.IO.Path.Combine(Repository.Root, "README.md");

    [Fact]
    public void Every_setting_of_the_template_is_known()
    {
        var template = File.ReadAllText(System.IO.Path.Combine(Repository.Root, "local.settings.sample.json"));
        var names = Regex
            .Matches(template, "^ {4}\"([^\"]+)\":", RegexOptions.Multiline)
            .Select(match => match.Groups[1].Value);
        Assert.Empty(
            names.Except(AllSettings.List.Select(setting => setting.Name)).Except(["FUNCTIONS_WORKER_RUNTIME"])
        );
    }

    [Fact]
    public async Task The_look_at_a_table_prints_the_figure_that_it_says()
    {
        var account = azurite.NewAccount();
        await using (
            var pipeline = new TestPipeline(
                account,
                [new("Census__From", "2018-01"), new("Census__Levels", "total"), new("Census__CountryFileUrl", "")]
            )
        )
        {
            await pipeline.RunAsync();
        }

        var script = Regex
            .Match(await File.ReadAllTextAsync(Path), "```js\n(.*?)```", RegexOptions.Singleline)
            .Groups[1]
            .Value;
        Assert.Contains("UseDevelopmentStorage=true", script, StringComparison.Ordinal);
        var file = System.IO.Path.Combine(Repository.Root, "node_modules", $"look-{Guid.NewGuid():N}.mjs");
        await File.WriteAllTextAsync(
            file,
            script.Replace("UseDevelopmentStorage=true", account, StringComparison.Ordinal)
        );
        try
        {
            using var node = Process.Start(
                new ProcessStartInfo("node", file) { RedirectStandardOutput = true, RedirectStandardError = true }
            )!;
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            var output = await node.StandardOutput.ReadToEndAsync(limit.Token);
            await node.WaitForExitAsync(limit.Token);
            var said = Regex.Match(script, @"// (\d+n)").Groups[1].Value;
            Assert.Equal(said, output.Trim());
        }
        finally
        {
            File.Delete(file);
        }
    }
}

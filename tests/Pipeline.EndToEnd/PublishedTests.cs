using System.Diagnostics;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>The published app, in a folder far from the checkout.</summary>
public sealed class PublishedTests(Azurite azurite)
{
    [Fact]
    public async Task The_published_folder_has_all_it_needs_to_run_anywhere()
    {
        Assert.SkipUnless(
            Share.Current.IsFull,
            $"compiling ahead takes a minute; {Share.Variable}={Share.Full} publishes"
        );
        var folder = Path.Combine(Path.GetTempPath(), $"pipeline-published-{Guid.NewGuid():N}");
        try
        {
            await PublishAsync(folder);
            foreach (
                var file in (string[])
                    [
                        "host.json",
                        "samples/census-trade/answers.json",
                        "samples/census-trade/country.xlsx",
                        "samples/census-trade/missing_key.html",
                        "samples/unctad-fdi/answers.json",
                        "samples/moex-holders/answers.json",
                    ]
            )
            {
                Assert.True(File.Exists(Path.Combine(folder, file)), $"{file} is not in the published folder");
            }

            var connection = azurite.NewAccount();
            var settings = App.Small(connection);
            await using (var once = App.Start(settings, "--app", folder, "--once"))
            {
                var ended = await once.EndAsync();
                Assert.True(ended.ExitCode == 0, ended.ToString());
                Assert.Equal("6", OnceTests.Summary(ended)["slices"]);
            }
            var port = Loopback.FreePort();
            await using var app = App.Start(settings, "--app", folder, "--port", $"{port}");
            await app.UntilSaysAsync("ready: ");
            using var http = new HttpClient();
            Assert.Matches(
                """^\{"status":"healthy","commit":"([0-9a-f]{40}|unknown)"\}$""",
                await http.GetStringAsync($"http://localhost:{port}/api/health")
            );
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task PublishAsync(string folder)
    {
        // No servers that outlive the command, and an intermediate folder of the release build only.
        var start = new ProcessStartInfo(
            "dotnet",
            [
                "publish",
                Path.Combine(Repository.Root, "src", "Pipeline.Functions"),
                "-c",
                "Release",
                "-o",
                folder,
                "-v",
                "quiet",
                "--nologo",
                "--disable-build-servers",
                "-p:UseSharedCompilation=false",
                "-nodeReuse:false",
            ]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Variables that dotnet test sets for its own build must not reach this one.
        foreach (
            var name in start
                .Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
                .ToList()
        )
        {
            start.Environment.Remove(name);
        }

        using var publish = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
        try
        {
            var (output, error) = (
                publish.StandardOutput.ReadToEndAsync(limit.Token),
                publish.StandardError.ReadToEndAsync(limit.Token)
            );
            await publish.WaitForExitAsync(limit.Token);
            Assert.True(
                publish.ExitCode == 0,
                $"dotnet publish: exit code {publish.ExitCode}\n{await output}\n{await error}"
            );
        }
        finally
        {
            if (!publish.HasExited)
                publish.Kill(entireProcessTree: true);
        }
    }
}

using System.Diagnostics;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Report.Tests;

/// <summary>The build takes the chart library from npm; who has no npm is told so.</summary>
public sealed class FrontEndTests
{
    [Fact]
    public async Task A_build_without_npm_says_what_is_missing_and_what_to_install()
    {
        var folder = Directory.CreateTempSubdirectory("no-npm-");
        try
        {
            var dotnet = (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(Path.PathSeparator)
                .Select(path => Path.Combine(path, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"))
                .First(File.Exists);
            var start = new ProcessStartInfo(
                dotnet,
                [
                    "msbuild",
                    Path.Combine(Repository.Root, "src", "Pipeline.Report", "Pipeline.Report.csproj"),
                    "-t:FetchUplot",
                    $"-p:UplotFolder={folder.FullName}/",
                    "-nologo",
                    "-nodeReuse:false",
                ]
            )
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            foreach (
                var name in start
                    .Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase))
                    .ToList()
            )
            {
                start.Environment.Remove(name);
            }
            // Commands are run by the shell, which is all that this PATH has.
            if (!OperatingSystem.IsWindows())
                File.CreateSymbolicLink(Path.Combine(folder.FullName, "sh"), "/bin/sh");
            start.Environment["PATH"] = folder.FullName;
            using var build = Process.Start(start)!;
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(15));
            var (output, error) = (
                build.StandardOutput.ReadToEndAsync(limit.Token),
                build.StandardError.ReadToEndAsync(limit.Token)
            );
            await build.WaitForExitAsync(limit.Token);
            Assert.True(build.ExitCode == 1, $"exit code {build.ExitCode}\n{await output}\n{await error}");
            Assert.Contains(
                "node_modules/uplot: seen nothing, and no npm on the PATH to fetch it; expected the package uplot, "
                    + "which draws the charts of the report; install Node.js 20 or newer and build again",
                await output,
                StringComparison.Ordinal
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}

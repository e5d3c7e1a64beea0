using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Standin.Functions.Worker.Hosting;

namespace Standin.Functions.Worker.Azurite;

/// <summary>Node.js and npm, which Azurite needs.</summary>
internal sealed class NodeTools(AzuriteSetup setup, TimeProvider time, Action<string> say)
{
    private const int Oldest = 20;
    private const int LastLines = 12;

    /// <summary>What to do about a missing or old tool.</summary>
    private const string Advice = "install it or set PipelineStorage/AzureWebJobsStorage to a real account and use --no-azurite";

    /// <summary>Azurite's script; installs it when it is missing.</summary>
    /// <exception cref="StartupException">Node.js or npm are missing or too old, or the installation failed.</exception>
    public async Task<string> AzuriteAsync(string root, CancellationToken cancellation)
    {
        var (_, lines) = await RunAsync(setup.Node, ["--version"], root, TimeSpan.FromSeconds(30), null, cancellation)
            ?? throw Missing("node", setup.Node);
        var version = lines.LastOrDefault()?.TrimStart('v') ?? "";
        if (!int.TryParse(version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) || major < Oldest)
            throw new StartupException($"Node.js {Oldest} or newer is needed for Azurite, which stands in for Azure Storage; seen: version \"{version}\"; {Advice}");
        var script = Path.Combine(root, "node_modules", "azurite", "dist", "src", "azurite.js");
        if (File.Exists(script)) return script;
        say($"Azurite: not installed yet, running 'npm ci' in {root} (once, up to {setup.InstallLimit.TotalMinutes:0} min) …");
        var started = time.GetTimestamp();
        var (code, output) = await RunAsync(
            setup.Npm, ["ci", "--no-fund", "--no-audit"], root, setup.InstallLimit, elapsed => say($"Azurite: still installing, {elapsed.TotalSeconds:0} s"), cancellation) ?? throw Missing("npm", setup.Npm);
        if (code == 0 && File.Exists(script))
        {
            say($"Azurite: installed in {time.GetElapsedTime(started).TotalSeconds:0} s");
            return script;
        }
        var seen = code is null ? $"no end after {setup.InstallLimit:c}" : code == 0 ? $"no {script} afterwards" : $"exit code {code}";
        throw new StartupException([$"'npm ci' in {root}: seen {seen}, expected azurite installed; run it by hand and correct what it says:", .. output.TakeLast(LastLines).Select(line => "  " + line)]);
    }

    /// <summary>The tool is not there.</summary>
    public static StartupException Missing(string tool, string command) =>
        new($"Node.js {Oldest} or newer is needed for Azurite, which stands in for Azure Storage; seen: no '{command}' on PATH{(tool == "npm" ? " (npm comes with Node.js)" : "")}; {Advice}");

    // Null when the command is not there; exit code null when it took too long.
    private async Task<(int? ExitCode, IReadOnlyList<string> Lines)?> RunAsync(
        string command, string[] arguments, string folder, TimeSpan limit, Action<TimeSpan>? alive, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        var lines = new List<string>();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return null; // said by the caller, with the advice
        }
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var ended = process.WaitForExitAsync(cancellation);
        var started = time.GetTimestamp();
        try
        {
            while (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(5), time, cancellation)) != ended)
            {
                cancellation.ThrowIfCancellationRequested();
                if (time.GetElapsedTime(started) > limit)
                {
                    process.Kill(entireProcessTree: true);
                    await process.WaitForExitAsync(CancellationToken.None);
                    return (null, lines);
                }
                alive?.Invoke(time.GetElapsedTime(started));
            }
            await ended;
        }
        catch (OperationCanceledException)
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
            throw;
        }
        lock (lines) return (process.ExitCode, [.. lines]);

        void Keep(string? line)
        {
            if (!string.IsNullOrWhiteSpace(line))
                lock (lines) lines.Add(line);
        }
    }
}

using System.Diagnostics;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>
/// A shell script of <c>infra/</c>, run with fakes of the commands it calls. They are functions that the shell reads
/// first, not files: a file that was written a moment ago cannot be run while a process that another test starts still
/// has it open.
/// </summary>
internal sealed class Script : IDisposable
{
    private readonly Dictionary<string, string> commands = [];

    /// <summary>Where the fakes find what they tell of, by the variable FAKE.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("script-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Puts a command before those of the machine.</summary>
    public void Command(string name, string text) => commands[name] = text;

    /// <summary>Lets a script that has no command but the fakes have these of the machine.</summary>
    public void Borrow(params string[] names)
    {
        foreach (var name in names)
            File.CreateSymbolicLink(Path.Combine(Folder, name), $"/usr/bin/{name}");
    }

    /// <summary>Runs it; some minutes at most, for a machine that is busy.</summary>
    /// <param name="name">The file in <c>infra/</c>.</param>
    /// <param name="arguments">What it is called with.</param>
    /// <param name="variables">The environment's variables; null takes one away.</param>
    /// <param name="alone">Whether it has no command but the fakes and what was borrowed.</param>
    public async Task<(int Code, string Out, string Error)> RunAsync(
        string name,
        string[] arguments,
        IReadOnlyDictionary<string, string?> variables,
        bool alone = false
    )
    {
        var before = Path.Combine(Folder, "before.sh");
        await File.WriteAllTextAsync(
            before,
            string.Concat(commands.Select(command => $"{command.Key}() (\n{command.Value}\n)\n"))
        );
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(BicepFile.Folder, name), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (alone)
            start.Environment["PATH"] = Folder;
        start.Environment["FAKE"] = Folder;
        start.Environment["BASH_ENV"] = before;
        foreach (var (variable, value) in variables)
            start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var (output, error) = (
            process.StandardOutput.ReadToEndAsync(limit.Token),
            process.StandardError.ReadToEndAsync(limit.Token)
        );
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }
}

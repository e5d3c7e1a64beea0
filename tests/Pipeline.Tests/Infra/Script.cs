using System.Diagnostics;

namespace Pipeline.Tests.Infra;

/// <summary>A shell script of <c>infra/</c>, run with stand-ins of the commands it calls.</summary>
internal sealed class Script : IDisposable
{
    /// <summary>Where the stand-ins are; they find what they tell of there too, by the variable FAKE.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("script-").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Puts a command before those of the machine.</summary>
    public void Command(string name, string text)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, "#!/usr/bin/env bash\n" + text + "\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Lets the script have commands of the machine where it has no other.</summary>
    public void Borrow(params string[] names)
    {
        foreach (var name in names) Command(name, $"exec /usr/bin/{name} \"$@\"");
        // What starts the stand-ins themselves.
        File.Delete(Path.Combine(Folder, "bash"));
        File.CreateSymbolicLink(Path.Combine(Folder, "bash"), "/bin/bash");
    }

    /// <summary>Runs it; half a minute at most.</summary>
    /// <param name="name">The file in <c>infra/</c>.</param>
    /// <param name="arguments">What it is called with.</param>
    /// <param name="variables">The environment's variables; null takes one away.</param>
    /// <param name="alone">Whether it has no command but the stand-ins.</param>
    public async Task<(int Code, string Out, string Error)> RunAsync(string name, string[] arguments, IReadOnlyDictionary<string, string?> variables, bool alone = false)
    {
        var start = new ProcessStartInfo("/bin/bash", [Path.Combine(BicepFile.Folder, name), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = alone ? Folder : $"{Folder}:{start.Environment["PATH"]}";
        start.Environment["FAKE"] = Folder;
        foreach (var (variable, value) in variables) start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }
}

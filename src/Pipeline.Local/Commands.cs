using System.ComponentModel;
using System.Diagnostics;

namespace Pipeline.Local;

/// <summary>Runs a command to its end.</summary>
internal static class Commands
{
    /// <summary>Runs a command, for example <c>node --version</c>.</summary>
    /// <param name="command">The command, looked for on the PATH.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Its working directory.</param>
    /// <param name="quiet">Ends the command when it has written no line for so long.</param>
    /// <param name="line">Receives each line it writes.</param>
    /// <param name="cancellationToken">Ends the command.</param>
    /// <returns>The exit code; null if there is no such command.</returns>
    /// <exception cref="TimeoutException">The command wrote nothing for too long.</exception>
    public static async Task<int?> RunAsync(
        string command,
        IEnumerable<string> arguments,
        string folder,
        TimeSpan quiet,
        Action<string> line,
        CancellationToken cancellationToken
    )
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = new Process { StartInfo = start };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(quiet);
        process.OutputDataReceived += (_, received) => Receive(received.Data);
        process.ErrorDataReceived += (_, received) => Receive(received.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return null;
        }
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"'{command}' wrote nothing for {quiet.TotalMinutes:0} minutes", e);
        }
        return process.ExitCode;

        void Receive(string? text)
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                limit.CancelAfter(quiet);
                line(text);
            }
        }
    }
}

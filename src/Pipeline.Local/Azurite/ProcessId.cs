using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;

namespace Pipeline.Local.Azurite;

/// <summary>A process for certain: systems give the numbers of ended processes to new ones.</summary>
/// <param name="Pid">Its number.</param>
/// <param name="StartedAt">When it started, UTC.</param>
internal sealed record ProcessId(int Pid, DateTimeOffset StartedAt)
{
    /// <summary>Two processes compute the start of a third with a small difference.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(2);

    [JsonIgnore]
    public bool IsRunning
    {
        get
        {
            using var process = Open();
            return process is not null;
        }
    }

    /// <summary>
    /// A process that was started; null if it has ended already, because there is nothing to end then.
    /// </summary>
    public static ProcessId? Of(Process process)
    {
        try
        {
            return new(process.Id, new DateTimeOffset(process.StartTime).ToUniversalTime());
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Kills the process if it runs.</summary>
    /// <returns>True if it ran.</returns>
    public async Task<bool> KillAsync(CancellationToken cancellationToken)
    {
        using var process = Open();
        if (process is null)
        {
            return false;
        }
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(cancellationToken);
        return true;
    }

    /// <summary>Opens the process; null if it has ended.</summary>
    public Process? Open()
    {
        Process? process = null;
        try
        {
            process = Process.GetProcessById(Pid);
            if (!process.HasExited && (new DateTimeOffset(process.StartTime) - StartedAt).Duration() < Tolerance)
            {
                return process;
            }
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or Win32Exception)
        {
            // It has ended, or belongs to another user and so is none of ours.
        }
        process?.Dispose();
        return null;
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Pipeline.Local.Azurite;

/// <summary>
/// The local hosts that use one Azurite, a file each beside its data: what a host leaves behind when it is killed is
/// found by the next one, and the last one to leave stops Azurite.
/// </summary>
/// <param name="folder">The folder of the files.</param>
internal sealed class HostRegistry(string folder)
{
    private const string AzuriteFile = "azurite.json";

    private readonly string own = Path.Combine(
        folder,
        string.Create(CultureInfo.InvariantCulture, $"host-{Environment.ProcessId}.json")
    );

    /// <summary>A host and its worker.</summary>
    internal sealed record Entry(ProcessId Host, ProcessId? Worker);

    /// <summary>Registers this host; called again when its worker is known.</summary>
    public void Enter(ProcessId? worker)
    {
        using var host = Process.GetCurrentProcess();
        Directory.CreateDirectory(folder);
        Write(own, new Entry(ProcessId.Of(host), worker));
    }

    /// <summary>Removes this host.</summary>
    public void Leave() => File.Delete(own);

    /// <summary>
    /// Ends the workers whose host is dead, and removes what such hosts left. Workers of living hosts are not
    /// touched.
    /// </summary>
    /// <returns>The number of workers that were ended.</returns>
    public async Task<int> EndOrphansAsync(CancellationToken cancellationToken)
    {
        var ended = 0;
        foreach (var file in Files().Where(file => file != own))
        {
            var entry = Read<Entry>(file);
            if (entry?.Host.IsRunning == true)
            {
                continue;
            }
            if (entry?.Worker is { } worker && await worker.KillAsync(cancellationToken))
            {
                ended++;
            }
            File.Delete(file);
        }
        return ended;
    }

    /// <summary>True if another host uses this Azurite now.</summary>
    public bool HasOthers() => Files().Any(file => file != own && Read<Entry>(file)?.Host.IsRunning == true);

    /// <summary>Remembers the Azurite that this host has started.</summary>
    public void KeepAzurite(ProcessId azurite) => Write(Path.Combine(folder, AzuriteFile), azurite);

    /// <summary>
    /// The running Azurite that a local host has started; null if there is none, or if it was started by
    /// hand.
    /// </summary>
    public ProcessId? Azurite =>
        Read<ProcessId>(Path.Combine(folder, AzuriteFile)) is { IsRunning: true } azurite ? azurite : null;

    /// <summary>Waits for the lock under which Azurite is started and stopped, one process at a time.</summary>
    /// <exception cref="StartException">Another process holds it for too long, or the file cannot be
    /// written.</exception>
    public async Task<IDisposable> LockAsync(TimeProvider time, Action<string> say, CancellationToken cancellationToken)
    {
        // Under it another process may fetch npm packages on a slow network.
        var limit = TimeSpan.FromMinutes(30);
        var file = Path.Combine(folder, "lock");
        var started = time.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.CreateDirectory(folder);
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeld(e) && time.GetElapsedTime(started) < limit)
            {
                if (attempt == 30)
                {
                    say($"Azurite: waiting for another process that starts or stops it and holds {file}");
                }
                await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                var seen =
                    e is IOException held && IsHeld(held)
                        ? $"held by another process for {limit.TotalMinutes:0} minutes"
                        : e.Message;
                throw new StartException(
                    $"{file}: {seen}, expected a file that this process can lock; end that process, or correct the "
                        + "folder"
                );
            }
        }
    }

    /// <summary>
    /// True if another process has locked the file: EWOULDBLOCK on Linux and macOS, a sharing violation on
    /// Windows.
    /// </summary>
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    private List<string> Files() =>
        Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "host-*.json").ToList() : [];

    private static void Write<T>(string file, T value)
    {
        // Written apart and moved, so that nothing reads half a file.
        var temporary = file + ".new";
        File.WriteAllText(temporary, JsonSerializer.Serialize(value));
        File.Move(temporary, file, overwrite: true);
    }

    private static T? Read<T>(string file)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(file));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or JsonException)
        {
            // Removed in the meantime, or damaged: then it says nothing.
            return null;
        }
    }
}

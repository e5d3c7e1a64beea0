using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Pipeline.Local.Azurite;

/// <summary>
/// The local hosts that use one Azurite, a file each, from all checkouts of this user: the next host finds what one
/// that was killed has left behind, and the last one to leave stops Azurite.
/// </summary>
/// <param name="folder">The folder of the files.</param>
internal sealed class HostRegistry(string folder)
{
    private const string AzuriteFile = "azurite.json";

    /// <summary>Under the lock another process may fetch npm packages on a slow network.</summary>
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(30);

    private readonly string own = Path.Combine(
        folder,
        string.Create(CultureInfo.InvariantCulture, $"host-{Environment.ProcessId}.json")
    );

    /// <summary>A host and its worker.</summary>
    internal sealed record Entry(ProcessId Host, ProcessId? Worker);

    /// <summary>An Azurite that a local host has started, and the folder of its data.</summary>
    internal sealed record StartedAzurite(ProcessId Process, string Data);

    /// <summary>Registers this host; called again when its worker is known.</summary>
    public void Enter(ProcessId? worker)
    {
        using var host = Process.GetCurrentProcess();
        Directory.CreateDirectory(folder);
        Write(own, new Entry(ProcessId.Of(host)!, worker));
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
        foreach (var file in Files())
        {
            // The own file counts as any other: a dead host may have had this process's number.
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
    public void KeepAzurite(StartedAzurite azurite) => Write(Path.Combine(folder, AzuriteFile), azurite);

    /// <summary>
    /// The running Azurite that a local host has started; null if there is none, or if it was started by
    /// hand.
    /// </summary>
    public StartedAzurite? Azurite =>
        Read<StartedAzurite>(Path.Combine(folder, AzuriteFile)) is { Process.IsRunning: true } azurite ? azurite : null;

    /// <summary>Waits for the lock under which Azurite is started and stopped, one process at a time.</summary>
    /// <exception cref="StartException">Another process holds it for too long, or the file cannot be
    /// written.</exception>
    public async Task<IDisposable> LockAsync(
        TimeProvider time,
        Action<string> say,
        CancellationToken cancellationToken
    ) =>
        await FileLock.TryAcquireAsync(
            LockFile,
            StartLimit,
            time,
            () => say($"Azurite: waiting for another process that starts or stops it and holds {LockFile}"),
            cancellationToken
        ) ?? throw FileLock.Held(LockFile, StartLimit);

    /// <summary>Waits for the same lock at the end of a run, when a person waits for the prompt.</summary>
    /// <param name="limit">How long another process may hold it.</param>
    /// <param name="time">The clock of the waiting.</param>
    /// <returns>The lock, or null if another process holds it longer.</returns>
    public Task<IDisposable?> TryLockAsync(TimeSpan limit, TimeProvider time) =>
        FileLock.TryAcquireAsync(LockFile, limit, time, () => { }, CancellationToken.None);

    private string LockFile => Path.Combine(folder, "lock");

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

using System.Globalization;

namespace Standin.Functions.Worker.Azurite;

/// <summary>
/// The processes that use the Azurite on some ports. Each holds an entry, a file it keeps locked: the lock ends with the process however it ends, so an
/// entry that can be locked by someone else is stale. Starting and leaving are done under one more lock, one process at a time.
/// </summary>
internal sealed class AzuriteUsers(string folder, TimeProvider time) : IDisposable
{
    private FileStream? own;

    public string Entries { get; } = Path.Combine(folder, "users");
    public string Running { get; } = Path.Combine(folder, AzuriteGuard.RunningFile);
    public string Stopping { get; } = Path.Combine(folder, AzuriteGuard.StoppingFile);

    /// <summary>Waits for the lock that only one process has.</summary>
    public async Task<IDisposable> LockAsync(Action waiting, TimeSpan limit, CancellationToken cancellation)
    {
        Directory.CreateDirectory(Entries);
        var started = time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            if (TryLock(Path.Combine(folder, "lock")) is { } file) return file;
            if (attempt == 10) waiting();
            if (time.GetElapsedTime(started) > limit) throw new TimeoutException($"the lock {Path.Combine(folder, "lock")} is held by another process for more than {limit:c}");
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellation);
        }
    }

    /// <summary>Registers this process.</summary>
    public void Enter()
    {
        Directory.CreateDirectory(Entries);
        var name = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}-{Guid.NewGuid():N}");
        own = new FileStream(Path.Combine(Entries, name), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
    }

    /// <summary>Removes this process's entry.</summary>
    public void Leave()
    {
        if (Interlocked.Exchange(ref own, null) is not { } entry) return;
        // Deleted while still locked, so that nobody takes it for a stale one in between.
        File.Delete(entry.Name);
        entry.Dispose();
    }

    /// <summary>Whether another user lives; entries of dead ones are removed.</summary>
    public bool AnyOther()
    {
        var any = false;
        foreach (var file in Directory.EnumerateFiles(Entries))
        {
            if (file == own?.Name) continue;
            if (TryLock(file) is not { } stale) any = true;
            else
            {
                File.Delete(file);
                stale.Dispose();
            }
        }
        return any;
    }

    public void Dispose() => Leave();

    private static FileStream? TryLock(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null; // locked by a living process
        }
    }
}

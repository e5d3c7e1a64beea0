namespace Pipeline.Local.Azurite;

/// <summary>A file that one process at a time holds open, in whichever checkout it runs.</summary>
internal static class FileLock
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(100);

    /// <summary>A lock that is held this long is worth a line.</summary>
    private static readonly TimeSpan Noticeable = TimeSpan.FromSeconds(3);

    /// <summary>Waits for the lock.</summary>
    /// <param name="file">The file; its folder is made.</param>
    /// <param name="limit">How long another process may hold it.</param>
    /// <param name="time">The clock of the waiting.</param>
    /// <param name="waiting">Called once if the lock is held for some seconds.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The lock, or null if another process still holds it.</returns>
    /// <exception cref="StartException">The file cannot be opened for another reason.</exception>
    public static async Task<IDisposable?> TryAcquireAsync(
        string file,
        TimeSpan limit,
        TimeProvider time,
        Action waiting,
        CancellationToken cancellationToken
    )
    {
        var started = time.GetTimestamp();
        var said = false;
        while (true)
        {
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException e) when (IsHeld(e))
            {
                if (time.GetElapsedTime(started) >= limit)
                {
                    return null;
                }
                if (!said && time.GetElapsedTime(started) >= Noticeable)
                {
                    said = true;
                    waiting();
                }
                await Task.Delay(Period, time, cancellationToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StartException(
                    $"{file}: {e.Message.TrimEnd('.')}, expected a file that this process can lock; correct the folder"
                );
            }
        }
    }

    /// <summary>The error for a lock that was not released in time.</summary>
    public static StartException Held(string file, TimeSpan limit) =>
        new(
            $"{file}: held by another process for {limit.TotalMinutes:0} minutes, expected a file that this process "
                + "can lock; end that process"
        );

    /// <summary>
    /// True if another process has locked the file: EWOULDBLOCK on Linux and macOS, a sharing violation on
    /// Windows.
    /// </summary>
    private static bool IsHeld(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);
}

namespace Pipeline.Local;

/// <summary>What has to be stopped at the end of a run, in the opposite order of its start.</summary>
/// <param name="log">Receives failures. After a failure the rest is still stopped.</param>
internal sealed class Cleanups(ConsoleLog log) : IAsyncDisposable
{
    private readonly Stack<(string Remains, Func<ValueTask> Cleanup)> stack = new();

    /// <summary>True if something could not be stopped.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Adds what was just started.</summary>
    /// <param name="remains">What remains if the cleanup fails, and what to do, as the end of a line.</param>
    /// <param name="cleanup">Stops it.</param>
    public void Push(string remains, Func<ValueTask> cleanup) => stack.Push((remains, cleanup));

    /// <summary>Stops everything.</summary>
    public async ValueTask DisposeAsync()
    {
        while (stack.TryPop(out var started))
        {
            try
            {
                await started.Cleanup();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                HasFailed = true;
                // Not an event: those are not shown after Ctrl-C.
                log.Complain($"stopping: {log.OneLine(e)}; {started.Remains}");
            }
        }
    }
}

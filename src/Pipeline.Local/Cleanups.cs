using Microsoft.Extensions.Logging;

namespace Pipeline.Local;

/// <summary>What has to be stopped at the end of a run, in the opposite order of its start.</summary>
/// <param name="log">Receives failures: one that cannot be stopped does not keep the others running.</param>
internal sealed class Cleanups(ConsoleLog log) : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> stack = new();

    /// <summary>Adds what was just started.</summary>
    public void Push(Func<ValueTask> cleanup) => stack.Push(cleanup);

    /// <summary>Stops everything.</summary>
    public async ValueTask DisposeAsync()
    {
        while (stack.TryPop(out var cleanup))
        {
            try
            {
                await cleanup();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                log.Event(LogLevel.Warning, null, $"stopping: {log.OneLine(e)}");
            }
        }
    }
}

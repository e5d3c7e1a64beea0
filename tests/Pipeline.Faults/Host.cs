using System.Diagnostics;
using Pipeline.Faults.Sources;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Faults;

/// <summary>
/// Plays the host on a storage in memory: delivers what is visible, and lets time pass until the rest is.
/// </summary>
internal static class Host
{
    /// <summary>Real time that no test needs: what takes so long hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Real time after which a deadline that has come has been acted on.</summary>
    private static readonly TimeSpan Stalled = TimeSpan.FromSeconds(10);

    /// <summary>Works until no message is left, also of those that wait or that a dead process had taken.</summary>
    public static async Task DrainAsync(TestPipeline pipeline, VirtualClock clock, MemoryStorage storage)
    {
        await pipeline.DrainAsync();
        while (
            storage
                .Queues.All.Where(entry => Names.Queues.Contains(entry.Queue))
                .Select(entry => entry.Message.VisibleAt)
                .DefaultIfEmpty()
                .Min()
                is var next
            && next > default(DateTimeOffset)
        )
        {
            var wait = next - clock.GetUtcNow();
            if (wait > TimeSpan.Zero)
                clock.Advance(wait);
            await pipeline.DrainAsync();
        }
    }

    /// <summary>
    /// Waits for work; when a server lets its caller wait, the clock goes on to the next deadline: once for each
    /// request, because the server may notice late that the client waits no more, and until then no later deadline may
    /// come.
    /// </summary>
    public static async Task DriveAsync(Task work, SourceSimulator server, VirtualClock clock)
    {
        using var limit = new CancellationTokenSource(Patience);
        var (hurried, since) = (server.Hung, Stopwatch.StartNew());
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(5, CancellationToken.None));
            for (; hurried < server.Hung; hurried++)
                Hurry();
            // On a busy machine another deadline may have come first: the request still hangs, and nothing has happened
            // for long.
            if (hurried > 0 && since.Elapsed > Stalled)
                Hurry();
            Assert.False(limit.IsCancellationRequested, "the work hangs");
        }
        await work;

        void Hurry()
        {
            clock.Hurry();
            since.Restart();
        }
    }
}

using Microsoft.Extensions.Logging;
using Pipeline.Local.Azurite;
using Pipeline.Local.Listeners;
using Pipeline.Local.Worker;

namespace Pipeline.Local;

/// <summary>Waits for the work of a run, or for the end of what it needs: Azurite, the worker or a listener.</summary>
internal sealed class Supervisor(
    StorageEmulators emulators,
    FunctionApp app,
    TriggerHost triggers,
    ConsoleLog log,
    TimeProvider time
)
{
    /// <summary>An Azurite that has ended is noticed within this time.</summary>
    private static readonly TimeSpan AzuriteNotice = TimeSpan.FromSeconds(5);

    /// <summary>Runs the work.</summary>
    /// <param name="work">Starts the work; its token is cancelled when the work is in vain.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>The exit code of the work.</returns>
    /// <exception cref="StartException">Azurite, the worker or a listener has ended: the message says so and what to
    /// do.</exception>
    public async Task<int> RunAsync(Func<CancellationToken, Task<int>> work, CancellationToken cancellationToken)
    {
        using var working = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = work(working.Token);
        try
        {
            return await WaitAsync(running, cancellationToken);
        }
        finally
        {
            await working.CancelAsync();
            await EndAsync(running);
        }
    }

    private async Task<int> WaitAsync(Task<int> work, CancellationToken cancellationToken)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var died = app.Process.WaitAsync(watching.Token);
        var first = await Task.WhenAny(work, emulators.Ended, died, triggers.Failing);
        cancellationToken.ThrowIfCancellationRequested();
        if (first == work && work.IsCompletedSuccessfully)
        {
            await watching.CancelAsync();
            return await work;
        }
        // What was hidden or running stays with the storage; there is nothing to wait for.
        triggers.StopLimit = app.StopLimit = TimeSpan.FromSeconds(2);
        log.IsStopping = true;
        if (first == died)
        {
            throw new StartException(
                $"worker: ended with exit code {await died}{app.Process.LastLines.Quoted}; run the command again: what "
                    + "was stored is kept, and the work goes on where it ended"
            );
        }
        // Without Azurite the storage calls fail first, and its end is the better reason.
        if (await NoticeAsync(emulators.Ended, time, cancellationToken) is { } notice)
        {
            throw new StartException(notice);
        }
        if (first == work)
        {
            return await work;
        }
        throw new StartException(
            $"listeners: {log.OneLine(await triggers.Failing)}; see that the storage of the settings answers, and "
                + "run the command again: the work goes on where it ended"
        );
    }

    /// <summary>Waits for the notice that Azurite has ended.</summary>
    /// <returns>The notice; null if Azurite runs on.</returns>
    /// <exception cref="OperationCanceledException">The run was interrupted meanwhile.</exception>
    internal static async Task<string?> NoticeAsync(
        Task<string> ended,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await ended.WaitAsync(AzuriteNotice, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    /// <summary>Awaits work that was cancelled. The reason is reported already.</summary>
    private async Task EndAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            log.Event(LogLevel.Debug, null, log.OneLine(e));
        }
    }
}

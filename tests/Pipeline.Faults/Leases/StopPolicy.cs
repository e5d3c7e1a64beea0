using Azure.Core;
using Pipeline.Testing;

namespace Pipeline.Faults.Leases;

/// <summary>
/// Stops a worker at one of its storage calls, before it is sent or after it took effect, until the test lets it go on.
/// Other calls that it makes meanwhile wait, too: it is the process that stands still.
/// </summary>
/// <param name="at">The number of the call, from 1.</param>
/// <param name="after">Whether the call takes effect before the stop.</param>
internal sealed class StopPolicy(int at, bool after) : AsyncPolicy
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource resumed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int calls;

    /// <summary>How many calls the worker has made.</summary>
    public int Calls => calls;

    /// <summary>The method and path of the call that it stopped at.</summary>
    public string Call { get; private set; } = "";

    /// <summary>Ends when the worker has stopped.</summary>
    public Task Reached => reached.Task;

    /// <summary>Whether calls pass while the worker stands still: those of its timer, which the test drives.</summary>
    public bool LetsPass { get; set; }

    /// <summary>Lets the worker go on.</summary>
    public void Resume() => resumed.TrySetResult();

    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        if (LetsPass)
        {
            await next();
            return;
        }
        var number = Interlocked.Increment(ref calls);
        if (number > at && reached.Task.IsCompleted)
            await resumed.Task;
        if (number == at && !after)
            await StopAsync(message.Request);
        await next();
        if (number == at && after)
            await StopAsync(message.Request);
    }

    private Task StopAsync(Request request)
    {
        Call = $"{request.Method} {request.Uri.Path}";
        reached.TrySetResult();
        return resumed.Task;
    }
}

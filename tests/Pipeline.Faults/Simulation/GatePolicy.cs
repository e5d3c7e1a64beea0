using Azure;
using Azure.Core;
using Pipeline.Tests.Steps;

namespace Pipeline.Faults.Simulation;

/// <summary>Stops a worker at a storage call until it is let go on, kills it there, or does something to the call that networks do.</summary>
internal sealed class GatePolicy(Action<string> trace) : AsyncPolicy
{
    private int left = int.MaxValue, troubleIn = int.MaxValue;
    private Trouble trouble;
    private bool dead;
    private TaskCompletionSource? held;
    private TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What may happen to a call.</summary>
    internal enum Trouble
    {
        /// <summary>The answer is lost and the client, whose call took effect, asks again.</summary>
        Twice,

        /// <summary>The service is too busy for as long as the client is willing to ask.</summary>
        Busy,

        /// <summary>The process ends before the call is sent.</summary>
        DeathBefore,

        /// <summary>The process ends before the answer comes.</summary>
        DeathAfter
    }

    /// <summary>Completes when the worker has stopped.</summary>
    public Task Stopped => stopped.Task;

    public bool IsDead => dead;

    /// <summary>Sets where the worker stops next, and what happens to a call before; both counted in calls from here.</summary>
    public void Arm(int stopIn, int troubleIn, Trouble trouble) => (left, this.troubleIn, this.trouble) = (stopIn, troubleIn, trouble);

    /// <summary>Lets the worker go on.</summary>
    public void Resume()
    {
        stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiting = held!;
        held = null;
        waiting.SetResult();
    }

    /// <summary>Ends the process: the call it waits at is never sent.</summary>
    public void Kill()
    {
        dead = true;
        Resume();
    }

    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        if (dead) throw new CrashException("dead");
        if (--left <= 0 || held is not null)
        {
            held ??= new TaskCompletionSource();
            var mine = held.Task;
            stopped.TrySetResult();
            await mine;
            if (dead) throw new CrashException("killed");
        }
        trace($"{message.Request.Method} {message.Request.Uri.Path}");
        if (--troubleIn != 0)
        {
            await next();
            if (dead) throw new CrashException("dead");
            return;
        }
        switch (trouble)
        {
            case Trouble.Twice:
                await next();
                await next();
                break;
            case Trouble.Busy:
                throw new RequestFailedException(503, "the server is busy", "ServerBusy", null);
            case Trouble.DeathBefore:
                dead = true;
                throw new CrashException("before");
            default:
                await next();
                dead = true;
                throw new CrashException("after");
        }
    }
}

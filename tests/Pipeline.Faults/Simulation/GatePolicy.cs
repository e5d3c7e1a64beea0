using Azure;
using Azure.Core;
using Pipeline.Testing;

namespace Pipeline.Faults.Simulation;

/// <summary>
/// Stops a worker at a storage call until it is let go on, kills it there, or does something to the call that
/// networks do.
/// </summary>
internal sealed class GatePolicy(OneThread thread, Action<string> trace, Action<string> met) : AsyncPolicy
{
    private int left = int.MaxValue,
        writesLeft = int.MaxValue,
        troubleIn = int.MaxValue;
    private Trouble trouble;
    private bool dead;
    private List<TaskCompletionSource> held = [];

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
        DeathAfter,
    }

    /// <summary>Whether the worker has stopped.</summary>
    public bool IsHeld => held.Count > 0;

    public bool IsDead => dead;

    /// <summary>
    /// Sets where the worker stops next, and what happens to a call before; counted in calls from here.
    /// </summary>
    /// <param name="stopIn">The call it stops at.</param>
    /// <param name="stopAtWrite">The change of rows it stops at, between what it has seen and what it does about
    /// it.</param>
    /// <param name="troubleIn">The call that something happens to.</param>
    /// <param name="trouble">What happens to it.</param>
    public void Arm(int stopIn, int stopAtWrite, int troubleIn, Trouble trouble) =>
        (left, writesLeft, this.troubleIn, this.trouble) = (stopIn, stopAtWrite, troubleIn, trouble);

    /// <summary>Lets it go on undisturbed.</summary>
    public void Disarm() => Arm(int.MaxValue, int.MaxValue, int.MaxValue, default);

    /// <summary>Lets the worker go on.</summary>
    public void Resume()
    {
        var waiting = held;
        held = [];
        // Each has a source of its own: of several that wait for one the order would be the runtime's.
        foreach (var call in waiting)
            call.SetResult();
    }

    /// <summary>Ends the process: the call it waits at is never sent.</summary>
    public void Kill()
    {
        dead = true;
        Resume();
    }

    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        await thread.Back();
        if (dead)
            throw new CrashException("dead");
        var writes = RowWrite.Is(message.Request);
        if ((--left <= 0) | (writes && --writesLeft <= 0) || IsHeld)
        {
            var mine = new TaskCompletionSource();
            held.Add(mine);
            await mine.Task;
            if (dead)
                throw new CrashException("killed");
        }
        trace($"{message.Request.Method} {message.Request.Uri.Path}");
        if (--troubleIn != 0)
        {
            await next();
            if (writes && RowWrite.MetAnother(message.Response))
                met(RowWrite.Words(message.Request));
            if (dead)
                throw new CrashException("dead");
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

namespace Pipeline.Local.Once;

/// <summary>What a run does when it has looked at the ledger.</summary>
internal enum NextMove
{
    /// <summary>Look again soon.</summary>
    Wait,

    /// <summary>Plan again: a message is hidden with a process that has died.</summary>
    PlanAgain,

    /// <summary>Say, once, that the run waits for hidden messages.</summary>
    SayWaiting,

    /// <summary>Nothing helps.</summary>
    GiveUp,
}

/// <summary>
/// Decides what a run does while not everything is done: it plans again after a standstill, then waits for as long as
/// another process may be at work, and then gives up.
/// </summary>
/// <param name="longestStep">How long a step may run in another process: the functionTimeout of host.json.</param>
/// <param name="time">The clock.</param>
internal sealed class ProgressWatch(TimeSpan longestStep, TimeProvider time)
{
    /// <summary>
    /// Nothing runs, no message is visible and the ledger stands still: a message is hidden with a process
    /// that has died.
    /// </summary>
    public static readonly TimeSpan Standstill = TimeSpan.FromSeconds(15);

    /// <summary>Plans after a standstill, before the run waits for others or gives up.</summary>
    public const int MaxReplans = 5;

    private string mark = "";
    private long moved = time.GetTimestamp();
    private bool isSaid;

    /// <summary>The number of plans after a standstill.</summary>
    public int Replans { get; private set; }

    /// <summary>How long nothing has moved.</summary>
    public TimeSpan Still => time.GetElapsedTime(moved);

    /// <summary>Tells what was seen.</summary>
    /// <param name="seen">What the ledger looks like; another text means that something has moved.</param>
    /// <param name="isIdle">True if this host has no message in hand and took none since the last look.</param>
    /// <param name="hidden">The messages that other processes, alive or dead, have in hand, or that wait for their
    /// time.</param>
    public NextMove Look(string seen, bool isIdle, int hidden)
    {
        if (seen != mark || !isIdle)
        {
            (mark, moved, isSaid) = (seen, time.GetTimestamp(), false);
            return NextMove.Wait;
        }
        if (Still < Standstill)
        {
            return NextMove.Wait;
        }
        if (Replans < MaxReplans)
        {
            Replans++;
            moved = time.GetTimestamp();
            return NextMove.PlanAgain;
        }
        // A dead process's message comes back within ten minutes, and a delayed one at its time: this host takes them.
        // One that stays hidden is being renewed by a living process, whose step ends by itself.
        if (hidden == 0 || Still >= longestStep)
        {
            return NextMove.GiveUp;
        }
        if (isSaid)
        {
            return NextMove.Wait;
        }
        isSaid = true;
        return NextMove.SayWaiting;
    }
}

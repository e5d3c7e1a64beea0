using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Pipeline.Faults.Simulation;

/// <summary>
/// The one thread of a world. Whatever goes on elsewhere, because a file was read, comes back to it at its next storage
/// call, so that of several calls at the same time it is always the same one that comes first. There is no
/// synchronisation context: the pipeline's own code does not look for one, and would leave it.
/// </summary>
internal sealed class OneThread : IDisposable
{
    /// <summary>Everything that is waited for goes on inside the call that ends the waiting.</summary>
    private const int StackBytes = 64 << 20;

    private readonly BlockingCollection<Action> waiting = [];
    private Thread? mine;

    /// <summary>Does the work on the thread; from its end on calls go on where they are.</summary>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var outcome = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        mine = new Thread(
            () =>
            {
                try
                {
                    var result = work();
                    mine = null;
                    outcome.SetResult(result);
                }
                catch (Exception e)
                {
                    mine = null;
                    outcome.SetException(e);
                }
            },
            StackBytes
        )
        {
            IsBackground = true,
        };
        mine.Start();
        return outcome.Task;
    }

    /// <summary>
    /// On the thread: lets what has come back go on until the task has ended, or until it has stopped where it
    /// is meant to.
    /// </summary>
    public void Until(Task task, Func<bool> stopped)
    {
        _ = task.ContinueWith(
            _ => waiting.Add(() => { }),
            CancellationToken.None,
            TaskContinuationOptions.None,
            TaskScheduler.Default
        );
        while (!task.IsCompleted && !stopped())
            waiting.Take()();
    }

    /// <summary>On the thread: the task's result.</summary>
    public T Wait<T>(Task<T> task)
    {
        Until(task, () => false);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>On the thread: waits for the task's end.</summary>
    public void Wait(Task task)
    {
        Until(task, () => false);
        task.GetAwaiter().GetResult();
    }

    /// <summary>Goes on on the thread.</summary>
    public Way Back() => new(this);

    public void Dispose() => waiting.Dispose();

    internal readonly struct Way(OneThread thread) : INotifyCompletion
    {
        public Way GetAwaiter() => this;

        public bool IsCompleted => thread.mine is not { } mine || mine == Thread.CurrentThread;

        public void OnCompleted(Action continuation) => thread.waiting.Add(continuation);

        public void GetResult() { }
    }
}

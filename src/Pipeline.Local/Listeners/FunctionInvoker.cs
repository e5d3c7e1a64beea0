using System.Text.Json;
using Pipeline.Local.Worker;

namespace Pipeline.Local.Listeners;

/// <summary>What a timer has stored of its runs, UTC.</summary>
internal sealed record TimerState(DateTime Last, DateTime Next, DateTime LastUpdated);

/// <summary>Runs the functions of the worker by name.</summary>
/// <remarks>Public, because the class that is made at run time lives in another assembly.</remarks>
public sealed class FunctionInvoker
{
    private static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);

    private readonly WorkerChannel channel;
    private readonly TimeSpan limit;

    /// <param name="channel">The worker.</param>
    /// <param name="functions">Its functions.</param>
    /// <param name="limit">How long one may run.</param>
    internal FunctionInvoker(WorkerChannel channel, IReadOnlyList<WorkerFunction> functions, TimeSpan limit)
    {
        this.channel = channel;
        this.limit = limit;
        Functions = functions;
    }

    internal IReadOnlyList<WorkerFunction> Functions { get; }

    /// <summary>The function of a name, in any case.</summary>
    internal WorkerFunction? TryFind(string name) =>
        Functions.FirstOrDefault(function => function.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The function of a name that the worker has listed.</summary>
    internal WorkerFunction Find(string name) =>
        TryFind(name) ?? throw new InvalidOperationException($"the worker has no function {name}");

    /// <summary>Runs a function.</summary>
    internal Task InvokeAsync(
        WorkerFunction function,
        TypedData input,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellationToken
    ) => channel.InvokeAsync(function, Guid.NewGuid().ToString(), input, metadata, limit, cancellationToken);

    /// <summary>Runs an HTTP function whose request is on its way to the worker under the same id.</summary>
    internal Task InvokeHttpAsync(
        WorkerFunction function,
        string invocationId,
        IReadOnlyDictionary<string, string> routeValues,
        CancellationToken cancellationToken
    ) =>
        channel.InvokeAsync(
            function,
            invocationId,
            new TypedData { Http = new RpcHttp() },
            routeValues,
            limit,
            cancellationToken
        );

    /// <summary>Runs a timer function.</summary>
    internal Task InvokeTimerAsync(
        WorkerFunction function,
        TimerState? state,
        bool isPastDue,
        CancellationToken cancellationToken
    )
    {
        var timer = JsonSerializer.Serialize(
            new
            {
                Schedule = new { AdjustForDST = true },
                ScheduleStatus = state,
                IsPastDue = isPastDue,
            }
        );
        return InvokeAsync(function, new TypedData { Json = timer }, Nothing, cancellationToken);
    }

    /// <summary>Runs a function by hand, as <c>POST /admin/functions/{name}</c> asks for.</summary>
    /// <param name="function">A timer or queue function.</param>
    /// <param name="input">The message of a queue function; a timer takes none.</param>
    /// <param name="cancellationToken">Cancels the run.</param>
    internal Task InvokeByHandAsync(WorkerFunction function, string input, CancellationToken cancellationToken) =>
        function.Trigger is TimerTrigger
            ? InvokeTimerAsync(function, null, isPastDue: false, cancellationToken)
            : InvokeAsync(function, new TypedData { Json = input }, Nothing, cancellationToken);
}

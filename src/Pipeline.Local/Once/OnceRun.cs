using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Issues;
using Pipeline.Local.Listeners;
using Pipeline.Local.Worker;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Local.Once;

/// <summary>
/// A run that ends by itself: it plans, or replays one slice, and waits until the ledger says that every slice it is
/// about is at rest and no visible message is left. A message that a dead process had taken stays hidden for minutes:
/// the plan sends the next one again.
/// </summary>
/// <param name="services">The engine on the same storage as the worker.</param>
/// <param name="planned">The sources to plan; none for a replay.</param>
/// <param name="invoker">Runs the plan functions.</param>
/// <param name="messages">The messages that this host has in hand.</param>
/// <param name="hostFile">How long a step may run.</param>
/// <param name="options">What was asked for.</param>
/// <param name="log">Receives progress and summary.</param>
/// <param name="time">The clock.</param>
internal sealed class OnceRun(
    IServiceProvider services,
    IReadOnlyList<PlannedSource> planned,
    FunctionInvoker invoker,
    MessageTracker messages,
    HostFile hostFile,
    LocalOptions options,
    ConsoleLog log,
    TimeProvider time
)
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan LinePeriod = TimeSpan.FromSeconds(3);

    /// <summary>No step of another process is waited for longer if host.json sets no limit.</summary>
    private static readonly TimeSpan LongestStep = TimeSpan.FromMinutes(30);

    private readonly SourceCatalog catalog = services.GetRequiredService<SourceCatalog>();
    private readonly SliceBook slices = services.GetRequiredService<SliceBook>();
    private readonly RunBook runs = services.GetRequiredService<RunBook>();
    private readonly DeadLetterBook letters = services.GetRequiredService<DeadLetterBook>();
    private readonly RefreshRequests refresh = services.GetRequiredService<RefreshRequests>();
    private readonly Plan plan = services.GetRequiredService<Plan>();
    private readonly StorageAccount account = services.GetRequiredService<StorageAccount>();
    private readonly Dictionary<string, HashSet<Slice>> wanted = new(StringComparer.Ordinal);
    private readonly FailedPlans failedPlans = new();
    private readonly long began = time.GetTimestamp();
    private readonly DateTimeOffset startedAt = time.GetUtcNow();
    private readonly ProgressWatch watch = new(
        hostFile.FunctionTimeout > TimeSpan.Zero ? hostFile.FunctionTimeout : LongestStep,
        time
    );
    private Slice? replayed;

    /// <summary>What a moment of the run looks like.</summary>
    /// <param name="Done">The slices that are at rest.</param>
    /// <param name="Total">The slices of the run.</param>
    /// <param name="Rows">The rows that were read.</param>
    /// <param name="Waiting">The visible messages.</param>
    /// <param name="Hidden">The messages that other processes, alive or dead, have in hand, or that wait for their
    /// time.</param>
    /// <param name="IsComplete">True if slices, indicators and files are done.</param>
    /// <param name="Mark">A text that changes when anything moves.</param>
    private sealed record Moment(int Done, int Total, long Rows, int Waiting, int Hidden, bool IsComplete, string Mark);

    /// <summary>Runs to the end and shows the summary.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (options.Force)
        {
            foreach (var (source, _) in planned)
                await slices.MakeDueAsync(source.Name, cancellationToken);
        }
        await StartAsync(cancellationToken);
        var complete = await WaitAsync(cancellationToken);
        var summary = new OnceSummary(services, wanted, startedAt, options.Port);
        var code = await summary.WriteAsync(log, cancellationToken);
        foreach (var failed in failedPlans.All)
        {
            log.Complain($"{failed}: failed; its error is above");
        }
        if (!complete)
        {
            log.Complain(
                $"not done: nothing has moved for {watch.Still.TotalSeconds:0} s, after planning "
                    + $"{ProgressWatch.MaxReplans} times more; see the table slices"
            );
        }
        return failedPlans.All.Count > 0 || !complete ? 1 : code;
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (source, function) in planned)
        {
            await NoteAsync(source, cancellationToken);
            try
            {
                await invoker.InvokeByHandAsync(invoker.Find(function), "", cancellationToken);
                failedPlans.Succeeded(function);
            }
            catch (InvocationFailedException e)
            {
                log.Event(LogLevel.Error, function, e.Message);
                failedPlans.Failed(function);
            }
            if (wanted[source.Name].Count > 0)
            {
                log.Say(
                    $"{Elapsed}  {function}: {wanted[source.Name].Count} "
                        + $"slice{(wanted[source.Name].Count == 1 ? " is" : "s are")} due"
                );
            }
        }
        if (options.Mode == LocalMode.Replay)
        {
            await ReplayAsync(cancellationToken);
        }
    }

    /// <summary>Remembers which slices of a source the plan will send.</summary>
    private async Task NoteAsync(Source source, CancellationToken cancellationToken)
    {
        if (!wanted.TryGetValue(source.Name, out var due))
        {
            wanted.Add(source.Name, due = []);
        }
        due.UnionWith(await plan.ListDueAsync(source.Name, cancellationToken));
    }

    private async Task ReplayAsync(CancellationToken cancellationToken)
    {
        var answer = await services
            .GetRequiredService<Replay>()
            .RunAsync(options.Slice, options.From, options.Accept, cancellationToken);
        if (answer.Refusal is not null)
        {
            throw new StartException(answer.Refusal.ToString());
        }
        // Replay gives the name of a slice that exists.
        _ = Slice.TryParse(answer.Slice, out var slice);
        replayed = slice;
        wanted[slice.Source] = [slice];
        log.Say($"{Elapsed}  {slice}: replayed from {(answer.From == Replay.Raw ? answer.RawBlob : "its source")}");
    }

    private async Task<bool> WaitAsync(CancellationToken cancellationToken)
    {
        var (said, saidRows, taken, still) = (time.GetTimestamp(), 0L, messages.Taken, 0);
        while (true)
        {
            var moment = await ReadAsync(cancellationToken);
            if (time.GetElapsedTime(said) >= LinePeriod)
            {
                var rate = (moment.Rows - saidRows) / time.GetElapsedTime(said).TotalSeconds;
                (said, saidRows) = (time.GetTimestamp(), moment.Rows);
                log.Say(Line(moment, rate));
            }
            var isIdle = messages.Count == 0 && messages.Taken == taken;
            taken = messages.Taken;
            // A message may be on its way from its queue to the worker: twice nothing is nothing.
            still = moment.IsComplete && moment.Waiting == 0 && isIdle ? still + 1 : 0;
            if (still == 2)
            {
                return true;
            }
            switch (watch.Look(moment.Mark, isIdle, moment.Hidden))
            {
                case NextMove.PlanAgain:
                    log.Event(
                        LogLevel.Warning,
                        null,
                        $"nothing has moved for {ProgressWatch.Standstill.TotalSeconds:0} s although not "
                            + $"everything is done; planning again ({watch.Replans} of {ProgressWatch.MaxReplans})"
                    );
                    await StartAsync(cancellationToken);
                    break;
                case NextMove.SayWaiting:
                    log.Say($"{Elapsed}  {MessageCounts.WaitingFor(moment.Hidden)}");
                    break;
                case NextMove.GiveUp:
                    return false;
                default:
                    break;
            }
            await Task.Delay(Period, time, cancellationToken);
        }
    }

    private async Task<Moment> ReadAsync(CancellationToken cancellationToken)
    {
        var (done, total, rows, complete) = (0, 0, 0L, true);
        var marks = new List<string>();
        foreach (var (name, due) in wanted)
        {
            var known = await slices.ListAsync(name, cancellationToken);
            // Slices that this run asked for instead of one that is too large are known only now.
            if (replayed is null)
            {
                due.UnionWith(
                    known
                        .Where(row => row.LastPulled >= startedAt && row.State == SliceState.Split)
                        .SelectMany(row => catalog.Split(row.Slice))
                );
            }
            var ended = await runs.EndedSinceAsync(name, startedAt, cancellationToken);
            var dead = (await letters.OpenAsync(name, cancellationToken))
                .Where(letter => letter.KeptAt >= startedAt)
                .Select(letter => letter.Letter.Slice)
                .ToHashSet();
            var atRest = known
                .Where(row =>
                    due.Contains(row.Slice)
                    && row.State.IsAtRest()
                    && (row.LastPulled >= startedAt || ended.Any(run => run.Slice == row.Slice))
                )
                .Select(row => row.Slice)
                .ToHashSet();
            var ownDone = due.Count(slice => atRest.Contains(slice) || dead.Contains(slice));
            done += ownDone;
            total += due.Count;
            rows += ended.Sum(run => run.Counts.Read);
            // Indicators and files come after the last slice.
            complete &= ownDone == due.Count && await refresh.IsDoneAsync(name, cancellationToken);
            var states = known
                .GroupBy(row => row.State)
                .OrderBy(group => group.Key)
                .Select(group => $"{group.Key}={group.Count()}");
            marks.Add($"{name} {string.Join(' ', states)}");
        }
        var (waiting, hidden) = (0, 0);
        foreach (var queue in Names.Queues.SelectMany(name => new[] { name, Names.PoisonOf(name) }))
        {
            var counts = await MessageCounts.ReadAsync(account, queue, cancellationToken);
            waiting += counts.Visible;
            hidden += counts.Hidden;
        }
        return new Moment(
            done,
            total,
            rows,
            waiting,
            Math.Max(0, hidden - messages.Count),
            complete,
            $"{string.Join(';', marks)} {done} {rows} {waiting}"
        );
    }

    private string Elapsed =>
        string.Create(CultureInfo.InvariantCulture, $"{time.GetElapsedTime(began).TotalSeconds, 4:0} s");

    private string Line(Moment moment, double rate)
    {
        var retrying = messages.Retrying;
        var doing = (moment.Done < moment.Total, retrying) switch
        {
            (true, _) => $"{moment.Done} of {moment.Total} slices",
            (_, 0) => "all slices; computing indicators, claims and files",
            (_, 1) => "all slices; 1 message has failed and is tried again",
            _ => $"all slices; {retrying} messages have failed and are tried again",
        };
        var waiting = moment.Waiting switch
        {
            0 => "",
            1 => ", 1 message is waiting",
            >= MessageCounts.PeekLimit => $", {MessageCounts.PeekLimit} or more messages are waiting",
            _ => $", {moment.Waiting} messages are waiting",
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Elapsed}  {doing}, {moment.Rows:N0} rows, {rate:N0} rows/s{waiting}"
        );
    }
}

using Pipeline.Local.Listeners;
using Pipeline.Local.Worker;

namespace Pipeline.Local.Http;

/// <summary>A run that stays up: it serves the pages and names every function until it is cancelled.</summary>
internal sealed class ServeRun(
    FunctionInvoker invoker,
    FunctionApp app,
    HostFile hostFile,
    LocalOptions options,
    ConsoleLog log,
    TimeProvider time
)
{
    /// <summary>Runs until it is cancelled.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await using var front = await FrontEnd.StartAsync(
            invoker,
            app.Channel.HttpAddress
                ?? throw new StartException("worker: seen no address for HTTP, expected ASP.NET Core integration"),
            hostFile,
            options.Port,
            hostFile.Address("report"),
            log
        );
        foreach (var function in invoker.Functions)
        {
            log.Say($"  {function.Name}: {Describe(function.Trigger)}");
        }
        log.Say(
            $"ready: http://localhost:{options.Port}/ leads to the report; timers and queues are running; Ctrl-C stops"
        );
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        return 0;
    }

    private string Describe(Trigger trigger) =>
        trigger switch
        {
            HttpTrigger http =>
                $"[{string.Join(',', http.Methods)}] http://localhost:{options.Port}{hostFile.Address(http.Route)}",
            QueueTrigger queue => $"queue {queue.Queue} ({queue.Connection})",
            TimerTrigger timer => $"timer {timer.Schedule}",
            _ => "",
        };
}

using Azure;
using Pipeline.Storage;

namespace Pipeline.Report.Monitoring;

/// <summary>How full the queues are, and how long messages have been waiting.</summary>
public sealed class QueueReadings(StandingReader standing, StorageAccount account, TimeProvider time)
{
    /// <summary>
    /// The most messages that can be looked at without taking them. The first is not always the oldest: a
    /// failed one goes to the end.
    /// </summary>
    private const int Looked = 32;

    public async Task<IReadOnlyList<Gauge>> ReadAsync(CancellationToken cancellationToken)
    {
        var gauges = new List<Gauge>();
        foreach (var queue in await standing.QueuesAsync(cancellationToken))
        {
            var poison = Names.PoisonOf(queue.Name);
            gauges.Add(new Gauge(Gauges.QueueMessages, Gauges.OfQueue, queue.Name, queue.Waiting));
            gauges.Add(await OldestAsync(queue.Name, cancellationToken));
            gauges.Add(new Gauge(Gauges.PoisonMessages, Gauges.OfQueue, poison, queue.Poison));
            gauges.Add(await OldestAsync(poison, cancellationToken));
        }
        return gauges;
    }

    private async Task<Gauge> OldestAsync(string queue, CancellationToken cancellationToken)
    {
        var minutes = 0.0;
        try
        {
            var visible = (
                await account.Queues.GetQueueClient(queue).PeekMessagesAsync(Looked, cancellationToken)
            ).Value;
            if (visible.Min(message => message.InsertedOn) is { } sent)
                minutes = Math.Max(0, Math.Round((time.GetUtcNow() - sent).TotalMinutes, 2));
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            // Created with its first message: there is none.
        }
        return new Gauge(Gauges.QueueOldestMinutes, Gauges.OfQueue, queue, minutes);
    }
}

using Azure;
using Pipeline.Storage;

namespace Pipeline.Local.Once;

/// <summary>The messages of a queue.</summary>
/// <param name="Visible">Those that any process can take; at most <see cref="PeekLimit"/> are counted.</param>
/// <param name="Hidden">
/// Those that no process can take now: a process, alive or dead, has them in hand, or they wait for their time. 0 if
/// more messages are visible than can be counted.
/// </param>
internal sealed record MessageCounts(int Visible, int Hidden)
{
    /// <summary>The most messages that a peek shows.</summary>
    public const int PeekLimit = 32;

    /// <summary>What a run says while it waits for hidden messages.</summary>
    public static string WaitingFor(int hidden) =>
        hidden == 1
            ? "waiting for 1 message that is hidden: another process works on it, or it waits for its time"
            : $"waiting for {hidden} messages that are hidden: another process works on them, or they wait for their "
                + "time";

    /// <summary>Counts the messages of a queue.</summary>
    /// <param name="account">The data account.</param>
    /// <param name="queue">The queue; one that does not exist has no messages.</param>
    /// <param name="cancellationToken">Stops the calls.</param>
    public static async Task<MessageCounts> ReadAsync(
        StorageAccount account,
        string queue,
        CancellationToken cancellationToken
    )
    {
        var client = account.Queues.GetQueueClient(queue);
        try
        {
            var visible = (await client.PeekMessagesAsync(PeekLimit, cancellationToken)).Value.Length;
            // The storage counts all of them, and only roughly: a message between the two calls is seen twice or never.
            var all = (await client.GetPropertiesAsync(cancellationToken)).Value.ApproximateMessagesCount;
            // Above the limit the visible messages cannot be told from the hidden ones.
            return new MessageCounts(visible, visible < PeekLimit ? Math.Max(0, all - visible) : 0);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return new MessageCounts(0, 0);
        }
    }
}

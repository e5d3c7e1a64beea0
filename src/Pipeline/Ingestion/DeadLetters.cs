using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// What happens to messages that fail again and again: their last error is kept when it happens, the message itself
/// when the host has put it aside. Nothing waits for them: the rest of their source goes on.
/// </summary>
public sealed class DeadLetters(
    DeadLetterBook book,
    StepRunner steps,
    SliceBook slices,
    SourceCatalog sources,
    RefreshRequests refresh,
    TimeProvider time,
    ILogger<DeadLetters> logger
)
{
    /// <summary>Reads a message and gives it to its step, and remembers why its last attempt failed.</summary>
    /// <param name="queue">The step's queue.</param>
    /// <param name="body">The message as the queue holds it.</param>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    /// <param name="cancellationToken">Stops the step.</param>
    public Task RunAsync(string queue, string body, long attempt, CancellationToken cancellationToken) =>
        GuardAsync(queue, body, attempt, () => steps.RunAsync(StepMessage.Read(queue, body), cancellationToken));

    /// <summary>Does the work of a message, and remembers why its last attempt failed.</summary>
    /// <param name="queue">The step's queue.</param>
    /// <param name="body">The message as the queue holds it.</param>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    /// <param name="work">The work.</param>
    internal async Task GuardAsync(string queue, string body, long attempt, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception e) when (attempt >= Names.MaxAttempts)
        {
            await RememberAsync(DeadLetter.Read(queue, body), e);
            throw;
        }
    }

    /// <summary>
    /// Keeps a message that the host has put aside. Fails for no message, only when the storage does.
    /// </summary>
    /// <param name="queue">The step's queue.</param>
    /// <param name="body">The message's body.</param>
    /// <param name="arrived">When the host put it aside, UTC; null when it does not say.</param>
    /// <param name="cancellationToken">Stops the call; the message comes again.</param>
    public async Task KeepAsync(
        string queue,
        BinaryData body,
        DateTimeOffset? arrived,
        CancellationToken cancellationToken
    )
    {
        var letter = DeadLetter.Read(queue, body.ToString());
        var kept = await book.PutAsync(
            letter,
            IsReplayable(letter),
            arrived ?? time.GetUtcNow(),
            null,
            cancellationToken
        );
        logger.LogError("{DeadLetter}", kept);
        if (!sources.Has(letter.Source))
            return;
        if (letter is { Fault: null, Slice: { } slice })
        {
            var failed = new StepFailedForGood(
                letter.Raw,
                letter.PlannedAt,
                kept.ToString(),
                letter.Message is ReloadNewestMessage || letter.IsRequest
            );
            await slices.ApplyAsync(slice, failed, cancellationToken);
        }
        await refresh.RequestAsync(letter.Source, cancellationToken);
    }

    private async Task RememberAsync(DeadLetter letter, Exception error)
    {
        // Fault describes a malformed message better than the exception does.
        if (letter.Fault is not null)
            return;
        try
        {
            // Not stopped with the step: this may be the host's last word.
            await book.PutAsync(letter, IsReplayable(letter), time.GetUtcNow(), Words(error), CancellationToken.None);
        }
        catch (Exception e) when (e is Azure.RequestFailedException or AggregateException or OperationCanceledException)
        {
            logger.LogError(
                e,
                "the error of a message of queue {Queue} could not be kept; the host puts the message aside without it",
                letter.Queue
            );
        }
    }

    private bool IsReplayable(DeadLetter letter) =>
        letter.Fault is null
        && (
            letter.Slice is { } slice
                ? sources.Find(slice) is not null
                : letter.Message is RefreshSourceMessage && sources.Has(letter.Source)
        );

    /// <summary>The first line: the storage clients' texts go on with whole answers.</summary>
    private static string Words(Exception error) => $"{error.GetType().Name}: {error.Message.Split('\n')[0].Trim()}";
}

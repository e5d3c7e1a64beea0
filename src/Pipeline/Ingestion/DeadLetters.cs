using System.Text.Json;
using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// What happens to messages that fail again and again: their last error is kept when it happens, the message itself
/// when the host has put it aside. Nothing waits for them: the rest of their source goes on.
/// </summary>
public sealed class DeadLetters(
    DeadLetterBook book,
    PlannedSlices planned,
    SourceCatalog sources,
    Digest digest,
    TimeProvider time,
    ILogger<DeadLetters> logger
)
{
    /// <summary>Runs a step, and remembers why its last attempt failed.</summary>
    /// <param name="queue">The step's queue.</param>
    /// <param name="message">Its message.</param>
    /// <param name="attempt">The number of the attempt, from 1.</param>
    /// <param name="step">The step.</param>
    public async Task GuardAsync<T>(string queue, T message, long attempt, Func<Task> step)
    {
        try
        {
            if (message is null)
                Messages.SliceOf(null, queue); // "null" is JSON, too.
            await step();
        }
        catch (Exception e) when (attempt >= Names.MaxAttempts)
        {
            await RememberAsync(DeadLetter.Read(queue, JsonSerializer.Serialize(message)), e);
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
        if (letter.Slice is not { } slice || !sources.Has(slice.Source))
            return;
        planned.GiveUp(slice);
        await digest.RequestAsync(slice.Source, cancellationToken);
    }

    private async Task RememberAsync(DeadLetter letter, Exception error)
    {
        // What no step can do anything with says by itself what is wrong with it.
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
        letter is { Fault: null, Slice: { } slice } && sources.Exists(slice);

    /// <summary>The first line: the storage clients' texts go on with whole answers.</summary>
    private static string Words(Exception error) => $"{error.GetType().Name}: {error.Message.Split('\n')[0].Trim()}";
}

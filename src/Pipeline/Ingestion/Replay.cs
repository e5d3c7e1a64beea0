using Microsoft.Extensions.Logging;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>What a replay set going, or why it did not.</summary>
/// <param name="Slice">The slice.</param>
/// <param name="From"><see cref="Replay.Raw"/> or <see cref="Replay.Source"/>.</param>
/// <param name="RawBlob">The body that is read once more; empty when the source is asked.</param>
/// <param name="Refusal">Why nothing was set going; null when something was.</param>
public sealed record Replaying(string Slice, string From, string RawBlob, Finding? Refusal = null);

/// <summary>
/// Runs a slice again at an operator's request: from its newest stored body, or from its source. It only sends a
/// message, and the steps merge by difference, so that replaying twice changes nothing. What is in <c>rejects</c> and
/// not found again is marked as replayed by the steps.
/// </summary>
public sealed class Replay(
    SourceCatalog sources,
    SliceRecords records,
    DeadLetterBook letters,
    StepQueues queues,
    ILogger<Replay> logger
)
{
    /// <summary>From the newest stored body that was meant for the tables.</summary>
    public const string Raw = "raw";

    /// <summary>From the source, with a new request.</summary>
    public const string Source = "source";

    /// <summary>Replays a slice.</summary>
    /// <param name="text">The slice, as <see cref="Slice.Id"/> writes it.</param>
    /// <param name="from"><see cref="Raw"/> or <see cref="Source"/>; empty: the source for curated files, and if the
    /// last pull failed or nothing is stored; else the stored body.</param>
    /// <param name="accept">Whether an operator says that the stored body is right although a check says otherwise.
    /// What cannot be read at all is still refused.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<Replaying> RunAsync(string? text, string? from, bool accept, CancellationToken cancellationToken)
    {
        if (Check(text, from, accept, out var slice) is { } refusal)
        {
            return new Replaying(text ?? "", from ?? "", "", refusal);
        }
        if (accept)
        {
            from = Raw;
        }
        // An operator who replays a curated file has just corrected it.
        else if (
            string.IsNullOrEmpty(from)
            && sources.Of(slice).GetRequest(slice).Url.Scheme == SourceRequest.CuratedScheme
        )
        {
            from = Source;
        }

        var row = await records.Slices.GetAsync(slice, cancellationToken);
        var bodies = (await records.Bodies.ListAsync(slice, cancellationToken)).Where(body =>
            !(body.Vintage < row.Vintage)
        );
        var body = (await records.Runs.NewestAsync(bodies, cancellationToken))?.Body;
        if (body is null && from == Raw)
        {
            return new Replaying(
                slice.Id,
                Raw,
                "",
                new Finding(
                    $"replay {slice}",
                    "no stored body",
                    "a body that was pulled before",
                    $"replay it from {Source}"
                )
            );
        }

        if (body is null || from == Source || (from != Raw && await PullFailedAsync(row, cancellationToken)))
        {
            await queues.SendAsync(new PullMessage(slice.Id), cancellationToken);
            logger.LogInformation("{Slice}: replayed from its source", slice);
            return new Replaying(slice.Id, Source, "");
        }
        int? acceptId = accept ? await records.Rejects.CoverAsync(RunRow.Of(body), cancellationToken) : null;
        await queues.SendAsync(new NormalizeMessage(slice.Id, body.Blob, Replay: true, acceptId), cancellationToken);
        logger.LogInformation(
            "{Slice}: replayed from {Blob}{Accepted}",
            slice,
            body.Blob,
            accept ? ", which an operator accepts" : ""
        );
        return new Replaying(slice.Id, Raw, body.Blob);
    }

    /// <summary>Checks what an operator asks for. Nothing is read from the storage.</summary>
    /// <returns>Why it cannot be done; null if it can.</returns>
    public Finding? Check(string? text, string? from, bool accept, out Slice slice)
    {
        if (!Slice.TryParse(text, out slice))
        {
            return Refused(
                text,
                "source/dataset/key, for example census-trade/exports-total/2019",
                "see the table slices"
            );
        }
        if (!sources.Has(slice.Source))
        {
            return Refused(
                text,
                $"a source: {string.Join(", ", sources.All.Select(source => source.Name))}",
                "see the table slices"
            );
        }
        if (sources.Find(slice) is not { } dataset)
        {
            return Refused(text, $"a slice of {slice.Source}", "see the table slices");
        }
        if (!dataset.IsOn)
        {
            return Refused(text, "a dataset that is switched on", "look at the settings of the source");
        }
        if (from is { Length: > 0 } and not (Raw or Source))
        {
            return new Finding("replay, from", Finding.Quote(from), $"{Raw} or {Source}", "or leave it out");
        }
        return accept && from == Source
            ? new Finding(
                "replay, accept",
                Finding.Quote(Source),
                $"{Raw}: only a body that is stored can have been compared",
                "replay it from its source first"
            )
            : null;
    }

    private async Task<bool> PullFailedAsync(SliceRow row, CancellationToken cancellationToken) =>
        row.State is SliceState.PullFailed or SliceState.Missing
        || (await letters.OpenAsync(row.Slice.Source, cancellationToken)).Any(open =>
            open.Letter.Slice == row.Slice && open.Letter.Queue == Names.PullQueue
        );

    private static Finding Refused(string? text, string expected, string advice) =>
        new("replay", text is null ? "nothing" : Finding.Quote(text), expected, advice);
}

using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>
/// Compares a loaded body with what other slices have brought. Small differences are notes of the run. Sums of another
/// magnitude than their totals, and sums whose totals are not there, stay open in <c>rejects</c> until they agree or an
/// operator accepts them.
/// </summary>
public sealed class SliceComparison(
    SourceCatalog sources,
    SliceRecords records,
    FactStore facts,
    NextSteps next,
    Judgement judgement
)
{
    /// <summary>Whether a reject is one that a comparison with other slices has found.</summary>
    internal static bool IsFromComparison(string place) =>
        place.StartsWith(StoredTotals.Place, StringComparison.Ordinal)
        || place.StartsWith(StoredTotals.LackingPlace, StringComparison.Ordinal);

    /// <summary>Compares a body.</summary>
    /// <param name="name">The body, which is loaded.</param>
    /// <param name="run">Its run.</param>
    /// <param name="acceptId">The operator's accept; null without one.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    /// <returns>Differences for the notes of the run, one line each.</returns>
    internal async Task<IReadOnlyList<string>> RunAsync(
        RawName name,
        RunRow run,
        int? acceptId,
        CancellationToken cancellationToken
    )
    {
        await using var body = new OnceOpened(token => records.Bodies.OpenAsync(name, token));
        var slice = name.Slice;
        var dataset = sources.Of(slice);
        var differences = dataset is not ICrossChecked checkedDataset
            ? []
            : await checkedDataset.CrossCheckAsync(
                new CrossCheckContext(slice, body.RewindAsync, facts, token =>
                    records.Slices.RowsAsync(slice.Source, token)
                ),
                cancellationToken
            );
        var context = judgement.Context(slice, name.Vintage);
        var parser = await dataset.CreateParserAsync(slice, context, cancellationToken);
        if (parser.Figures?.Whole is not { } whole)
            return differences;
        var found = await BesideTotalsAsync(
            parser,
            whole,
            await body.RewindAsync(cancellationToken),
            name,
            cancellationToken
        );
        if (acceptId is { } id)
        {
            var shown = new ShownFindings(await records.Rejects.OfRunAsync(run, cancellationToken), id);
            await records.Rejects.AcceptAsync(run, name.Blob, [.. found.Where(shown.Contains)], cancellationToken);
        }
        var accepted = (await records.Rejects.AcceptedAsync(slice, cancellationToken))
            .Select(word => RejectBook.Key(word.Finding))
            .ToHashSet();
        var open = found.Where(finding => !accepted.Contains(RejectBook.Key(finding))).ToList();
        await records.Rejects.PutAsync(run, name.Blob, rows: open, body: [], cancellationToken);
        await records.Rejects.CloseAsync(slice, name, open, IsFromComparison, cancellationToken);
        return differences;
    }

    /// <summary>A body that is downloaded once, if at all.</summary>
    private sealed class OnceOpened(Func<CancellationToken, Task<RawBody>> open) : IAsyncDisposable
    {
        private RawBody? body;

        public async Task<Stream> RewindAsync(CancellationToken cancellationToken) =>
            (body ??= await open(cancellationToken)).Rewind();

        public ValueTask DisposeAsync() => body?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    /// <summary>
    /// Requests that loaded slices are compared again with a slice whose rows have changed: those whose sums are held
    /// against its rows, and after a revision all.
    /// </summary>
    internal async Task RequestAsync(Slice slice, bool isRevision, CancellationToken cancellationToken)
    {
        if (!sources.Of(slice).IsOn)
            return;
        var rows = await records.Slices.ListAsync(slice.Source, cancellationToken);
        foreach (var row in rows.Where(row => row is { Loaded: not null, Loading: null }))
        {
            var other = row.Slice;
            if (
                other == slice
                || sources.Find(other) is not ICrossChecked { IsOn: true } dataset
                || !dataset.IsComparedWith(other, slice)
            )
            {
                continue;
            }
            var context = judgement.Context(other, row.Loaded!.Body.Vintage);
            var parser = await dataset.CreateParserAsync(other, context, cancellationToken);
            if (isRevision || parser.Figures?.Whole is not null)
                await next.SendAsync(new CompleteRunMessage(other.Id, row.Loaded.Body.Blob), cancellationToken);
        }
    }

    private async Task<IReadOnlyList<Finding>> BesideTotalsAsync(
        IRowParser parser,
        WholeLimit whole,
        Stream body,
        RawName name,
        CancellationToken cancellationToken
    )
    {
        var totals = new StoredTotals(whole);
        await parser.ParseAsync(body, Take, cancellationToken);
        var other = await totals.FindAsync(
            new StoredFigures(facts, records.Rejects, name.Slice.Source, name.Vintage),
            cancellationToken
        );
        return
        [
            .. other.Select(finding =>
                finding with
                {
                    Advice =
                        "the rows are loaded; compare both with the publisher's page and pull the slice again that is "
                        + "wrong, or replay this one with accept if both are right",
                }
            ),
            .. totals.Lacking(),
        ];

        ValueTask Take(RowBatch batch)
        {
            foreach (var row in batch.Rows)
            {
                if (row.Figure is { } figure)
                    totals.Add(row, figure);
            }
            return ValueTask.CompletedTask;
        }
    }
}

using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Pipeline.Datasets;
using Pipeline.Loading;

namespace Pipeline.Sources.Tests.Checks;

/// <summary>Rows as a parser would give them, with the guards of a dataset.</summary>
internal sealed class RowsParser(FactTable table, FigurePolicy? figures, IEnumerable<FactRow> rows) : IRowParser
{
    public FactTable Table => table;
    public SliceScope Scope { get; } = new("", ("", "~"), (_, _) => true);
    public FigurePolicy? Figures => figures;

    public bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

    public Task<BodyCheck> ParseAsync(
        Stream body,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException("The rows are no body.");

    /// <summary>Reviews the rows as the pipeline does.</summary>
    public async Task<FigureFindings> ReviewAsync(IEnumerable<FactRow>? before = null, IStoredFigures? stored = null)
    {
        var known = before?.ToDictionary(row => (row.PartitionKey, row.RowKey), row => row.Figure!.Value);
        var review = new FigureReview(
            this,
            known is null
                ? null
                : new ExistingFigures(
                    (partition, row) => known.TryGetValue((partition, row), out var own) ? own : null
                ),
            stored
        );
        var batch = new RowBatch();
        batch.Rows.AddRange(rows);
        review.Take(batch);
        return await review.CompleteAsync(CancellationToken.None);
    }
}

/// <summary>Reviews whole bodies.</summary>
internal static class BodyReviews
{
    /// <summary>Parses a body and reviews its rows.</summary>
    public static async Task<FigureFindings> RunAsync(this FigureReview review, IRowParser parser, byte[] body)
    {
        await parser.ParseAsync(
            new MemoryStream(body),
            batch =>
            {
                review.Take(batch);
                return ValueTask.CompletedTask;
            },
            CancellationToken.None
        );
        return await review.CompleteAsync(CancellationToken.None);
    }
}

/// <summary>Stored rows, by partition, and rows that were flagged before.</summary>
internal sealed partial class StoredRows(IEnumerable<FactRow> rows, params (string Where, string Seen)[] flagged)
    : IStoredFigures
{
    private readonly ILookup<string, FactRow> rows = rows.ToLookup(row => row.PartitionKey);

    /// <summary>Partitions that were asked for.</summary>
    public List<string> Asked { get; } = [];

    public async IAsyncEnumerable<FactRow> RowsAsync(
        FactTable table,
        string filter,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Task.CompletedTask;
        var partition = Partition().Match(filter).Groups[1].Value;
        lock (Asked)
            Asked.Add(partition);
        var ranges = Ranges().Matches(filter);
        foreach (var row in rows[partition])
        {
            if (ranges.Count == 0 || ranges.Any(range => IsIn(row.RowKey, range)))
                yield return row;
        }

        static bool IsIn(string key, Match range) =>
            string.CompareOrdinal(key, range.Groups[1].Value) >= 0
            && string.CompareOrdinal(key, range.Groups[3].Value) < (range.Groups[2].Value == "le" ? 1 : 0);
    }

    public async IAsyncEnumerable<(string Where, string Seen)> FlaggedAsync(
        FactTable table,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await Task.CompletedTask;
        foreach (var reject in flagged)
            yield return reject;
    }

    [GeneratedRegex("PartitionKey eq '([^']*)'")]
    private static partial Regex Partition();

    [GeneratedRegex("RowKey ge '([^']*)' and RowKey (lt|le) '([^']*)'")]
    private static partial Regex Ranges();
}

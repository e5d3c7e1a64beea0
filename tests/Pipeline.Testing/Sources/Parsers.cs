using Pipeline.Datasets;

namespace Pipeline.Testing;

/// <summary>What tests ask of a parser.</summary>
internal static class Parsers
{
    /// <summary>Parses a body for what is said of it as a whole.</summary>
    public static Task<BodyCheck> CheckAsync(this IRowParser parser, Stream body) =>
        parser.ParseAsync(body, _ => ValueTask.CompletedTask, CancellationToken.None);

    /// <summary>Parses a body and keeps all its rows.</summary>
    public static async Task<(BodyCheck Check, RowBatch All)> ParseAsync(this IRowParser parser, Stream body)
    {
        var all = new RowBatch();
        var check = await parser.ParseAsync(
            body,
            batch =>
            {
                all.Rows.AddRange(batch.Rows);
                all.Missing.AddRange(batch.Missing);
                all.Gaps.AddRange(batch.Gaps);
                all.Rejected.AddRange(batch.Rejected);
                all.Doubts.AddRange(batch.Doubts);
                return ValueTask.CompletedTask;
            },
            CancellationToken.None
        );
        return (check, all);
    }
}

using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Storage;

namespace Pipeline.Ingestion;

/// <summary>What the first parse of a body brings: all that its checks need.</summary>
/// <param name="Check">What the parser says of it.</param>
/// <param name="Existing">What the table holds of the slice, with the rows that the body has marked; null if it is not
/// compared.</param>
/// <param name="Figures">The review of its figures, which has taken all rows; null if there is none.</param>
/// <param name="Rejected">The first rows that could not be understood.</param>
internal sealed record BodySurvey(
    BodyCheck Check,
    Known? Existing,
    FigureReview? Figures,
    IReadOnlyList<Finding> Rejected
)
{
    /// <summary>So many rejected rows of a refused body are listed: enough to see what is wrong with it.</summary>
    public const int MaxRejected = 100;

    /// <summary>Parses a body for its counts alone, without what is outside it.</summary>
    public static Task<BodySurvey> RunAsync(IRowParser parser, RawBody body, CancellationToken cancellationToken) =>
        RunAsync(parser, body, existing: null, figures: null, cancellationToken);

    /// <summary>Parses a body.</summary>
    public static async Task<BodySurvey> RunAsync(
        IRowParser parser,
        RawBody body,
        Known? existing,
        FigureReview? figures,
        CancellationToken cancellationToken
    )
    {
        var rejected = new List<Finding>();
        var check = await parser.ParseAsync(body.Rewind(), Take, cancellationToken);
        return new BodySurvey(check, existing, figures, rejected);

        ValueTask Take(RowBatch batch)
        {
            figures?.Take(batch);
            rejected.AddRange(batch.Rejected.Take(MaxRejected - rejected.Count));
            foreach (var row in batch.Rows)
                existing?.Meet(row.PartitionKey, row.RowKey);
            return ValueTask.CompletedTask;
        }
    }
}

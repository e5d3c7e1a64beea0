using Pipeline.Insight;
using Pipeline.Insight.Claims;
using Pipeline.Storage;

namespace Pipeline.Report;

/// <summary>Reads the verdicts on the claims of the articles.</summary>
public sealed class ClaimStatusReader(ClaimBook claims, TableSet tables)
{
    /// <summary>All claims: the newest article first, the claims of an article in the order of their names.</summary>
    public async Task<IReadOnlyList<ClaimStatus>> ReadAsync(CancellationToken cancellationToken)
    {
        var found = new List<ClaimStatus>();
        await foreach (var row in tables.QueryIfExistsAsync<ClaimRow>(Names.Claims, null, cancellationToken))
        {
            var article = claims.Articles.GetValueOrDefault(row.PartitionKey);
            found.Add(
                new ClaimStatus(
                    row.PartitionKey,
                    article?.Title ?? "",
                    article?.Date,
                    row.RowKey,
                    row.Statement,
                    Figure(row.StatedValue),
                    row.StatedUnit,
                    Figure(row.ComputedValue),
                    row.ComputedUnit,
                    row.Verdict,
                    row.Explanation,
                    row.Evidence.Split("; ", StringSplitOptions.RemoveEmptyEntries)
                )
            );
        }
        return
        [
            .. found
                .OrderByDescending(claim => claim.Date)
                .ThenByDescending(claim => claim.Article, StringComparer.Ordinal)
                .ThenBy(claim => claim.Id, StringComparer.Ordinal),
        ];

        static double? Figure(double value) => double.IsNaN(value) ? null : value;
    }
}

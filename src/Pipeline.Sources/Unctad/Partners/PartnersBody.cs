using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Sources.Formats;
using Pipeline.Sources.Unctad.FlowsStock;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>
/// Parses the file by partner. Places are computed from the values, so that the rows are kept until the last one is
/// read; a file that people maintain is small.
/// </summary>
/// <param name="lastYear">The year in which the file was fetched: no figure is of a later one.</param>
/// <param name="fileName">The name of the file in the container <c>curated</c>.</param>
internal sealed class PartnersBody(int lastYear = FdiRowKeys.LastYear, string fileName = "fdi-partners.csv")
    : IRowParser
{
    /// <inheritdoc/>
    public FactTable Table => FdiPartner.Table;

    /// <inheritdoc/>
    public SliceScope Scope { get; } =
        new(
            TableClient.CreateQueryFilter($"Dataset eq {UnctadSlice.Partners}"),
            ("", "~"),
            (_, _) => true,
            Coverage.ByHand
        );

    /// <inheritdoc/>
    /// <remarks>
    /// Of the 1,751 figures of Russia's bilateral statistics none is above 100 times the median of its neighbours with
    /// a median of at least 100 million. That covers 47 % of them.
    /// </remarks>
    public FigurePolicy? Figures { get; } =
        new()
        {
            Spikes = _ => Limit,
            Whole = Whole,
            Periods = new PeriodLimits(
                $"{FirstYear}",
                $"{lastYear}",
                "the first year of the publisher's statistics",
                "when the file was fetched"
            ),
        };

    private static readonly SpikeLimit Limit = new(100_000_000, 100);

    /// <summary>
    /// Partners add up to the host's total of the other dataset. The two are of different vintages and principles, so
    /// that only a slip of a unit shows.
    /// </summary>
    private static readonly WholeLimit Whole = new(
        FdiAnnual.Table,
        row =>
            row is FdiPartner { Measure: UnctadSlice.Stock } partner
                ? ($"{partner.HostCode}|{partner.Direction}|{partner.Measure}", $"{partner.Year:0000}")
                : null,
        WholeFloor,
        WholeFactor,
        PartnersTotals.Many
    );

    /// <summary>
    /// Stocks only: totals of flows are net, and may be far smaller than what they are the sum of. The factor is half
    /// of a slip of a thousand, on the scale of factors.
    /// </summary>
    private const double WholeFloor = 1_000_000_000,
        WholeFactor = 30;

    /// <summary>The first year of the publisher's statistics.</summary>
    private const int FirstYear = 1970;

    /// <inheritdoc/>
    public string Wanted => "a partner with a figure";

    /// <inheritdoc/>
    /// <remarks>People may correct any row.</remarks>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

    /// <inheritdoc/>
    public async Task<BodyCheck> ParseAsync(
        Stream body,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    )
    {
        var scan = new PartnersScan(fileName);
        try
        {
            var copy = await HandCopy.OpenAsync(body, isLabel: null, guesses: false, cancellationToken);
            await foreach (var rows in CsvRows.ReadAsync(copy, cancellationToken))
            {
                if (!scan.Take(rows, copy))
                    break;
            }
        }
        catch (CsvException e)
        {
            scan.Refuse(e);
        }
        var check = scan.Result();
        await scan.Batch.HandOnAsync(take);
        return check;
    }
}

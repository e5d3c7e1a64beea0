using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Formats;
using Pipeline.Sources.Unctad.SevenZip;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// Parses a vintage: an archive or its CSV, exports of the data centre, or answers of the user API one after
/// another.
/// </summary>
/// <param name="extract">Whether the body is the recorded extract.</param>
/// <param name="lastYear">The last year that the publisher's calendar allows.</param>
/// <param name="centres">Codes of the economies that the world leaves out; null for the program's list.</param>
/// <param name="wrongList">Why the operator's list of them is none; null when it is one, or there is none.</param>
internal sealed class FdiBody(
    bool extract,
    int lastYear = FdiRowKeys.LastYear,
    IReadOnlySet<string>? centres = null,
    Finding? wrongList = null
) : IRowParser
{
    internal const string Broken = "the body is kept; the table keeps the old vintage; pull the slice again";

    /// <summary>The name of the table, also inside the archive.</summary>
    internal const string FileName = $"{UnctadRequests.FileName}.csv";

    /// <inheritdoc/>
    public FactTable Table => FdiAnnual.Table;

    /// <inheritdoc/>
    public SliceScope Scope { get; } =
        new(
            TableClient.CreateQueryFilter($"Dataset eq {UnctadSlice.FlowsStock}"),
            ("", "~"),
            (_, _) => true,
            Coverage.Vintage
        );

    /// <inheritdoc/>
    /// <remarks>
    /// Of the 23,666 figures of the release of 2025 none is above 30 times the median of its neighbours, with a median
    /// of at least 100 million for flows and 10 million for stocks. That covers 79 % of them.
    /// </remarks>
    public FigurePolicy? Figures { get; } =
        new() { Spikes = row => ((FdiAnnual)row).Measure == UnctadSlice.Flow ? OfFlows : OfStocks };

    private static readonly SpikeLimit OfFlows = new(100_000_000, 30),
        OfStocks = new(10_000_000, 30);

    /// <inheritdoc/>
    public string Wanted => "a figure of an economy";

    /// <inheritdoc/>
    /// <remarks>Every release revises the whole history (unctad.md, section 5).</remarks>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

    /// <inheritdoc/>
    public async Task<BodyCheck> ParseAsync(
        Stream body,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    )
    {
        var scan = new FdiScan(extract, lastYear, centres ?? Economies.FinancialCentres);
        if (wrongList is not null)
            scan.Refuse(wrongList);
        try
        {
            if (FdiText.Open(body, out var finding) is { } text)
                await ParseAsync(text, scan, take, cancellationToken);
            else
                scan.Refuse(finding!);
        }
        catch (SevenZipException e)
        {
            scan.Damaged(e.Finding);
        }
        return scan.Result();
    }

    private static async Task ParseAsync(
        Stream text,
        FdiScan scan,
        Func<RowBatch, ValueTask> take,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var copy = scan.Copy = await OpenAsync(text, cancellationToken);
            await foreach (var rows in CsvRows.ReadAsync(copy, cancellationToken))
            {
                scan.Take(rows);
                await scan.Batch.HandOnIfFullAsync(take);
            }
            await scan.Batch.HandOnAsync(take);
        }
        catch (CsvException e)
        {
            scan.Refuse(
                new Finding(
                    scan.FormPlace(e.Line),
                    e.Seen,
                    e.Expected ?? "CSV in UTF-8",
                    e.Remedy is { } remedy ? $"the table keeps the old vintage; {remedy}" : Broken
                )
            );
            // A damaged archive is the better explanation: its end says whether it is one.
            await text.CopyToAsync(Stream.Null, cancellationToken);
        }
    }

    /// <summary>Opens a table that people may have saved again.</summary>
    internal static Task<HandCopy> OpenAsync(Stream text, CancellationToken cancellationToken) =>
        HandCopy.OpenAsync(text, label => EconomyLabels.Find(label) is not null, guesses: true, cancellationToken);
}

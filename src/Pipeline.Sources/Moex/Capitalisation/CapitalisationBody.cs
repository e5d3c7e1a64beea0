using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;

namespace Pipeline.Sources.Moex.Capitalisation;

/// <summary>Reads the stock market's capitalisation: value at the close of a trading day, in roubles.</summary>
/// <remarks>
/// A response covers the last trading day only: what the table has of other days is still true.
/// </remarks>
internal sealed class CapitalisationBody : HolderBody
{
    /// <summary>
    /// The block that is read. <c>issuecapitalization</c>, by issues at a time of the day, is another
    /// figure.
    /// </summary>
    public const string Block = "capitalization";

    private const string Holder = "All holders";

    /// <inheritdoc/>
    public override SliceScope Scope => MoexScope.OfCapitalisation;

    /// <inheritdoc/>
    /// <remarks>The exchange was formed at the end of 2011; its predecessors traded shares from 1997 on.</remarks>
    protected override DateOnly FirstDay => new(1997, 1, 1);

    /// <inheritdoc/>
    /// <remarks>
    /// No daily series is on file, only the exchange's response for 2017-06-23. The factor is a judgement: a market
    /// that is five times as large as on the trading days around it is an error. The floor is the least plausible
    /// market.
    /// </remarks>
    protected override SpikeLimit Spikes { get; } = new(LeastRoubles, 5);

    /// <inheritdoc/>
    protected override Func<string, string> Neighbours =>
        partition => TableClient.CreateQueryFilter($"PartitionKey eq {partition}");

    /// <inheritdoc/>
    public override string Wanted => "the capitalisation of a trading day";

    /// <summary>
    /// Source: the exchange's response for 2017-06-23 has 32.37 trillion roubles. A thirtieth of it is the least and
    /// thirty times as much the most that is believed, so that a slip of a thousand leaves the range either way.
    /// </summary>
    private const double LeastRoubles = 1_000_000_000_000;

    /// <inheritdoc/>
    protected override (double Least, double Most)? Plausible => (LeastRoubles, MostValue);

    /// <inheritdoc/>
    protected override async Task<HolderReading> ReadAllAsync(Stream body, CancellationToken cancellationToken)
    {
        var reading = new HolderReading();
        var (pages, finding) = await IssAnswer.ReadAsync(body, cancellationToken);
        if (finding is not null)
            reading.Refuse(finding);
        for (var page = 0; page < pages.Count; page++)
            Page(pages[page], pages.Count == 1 ? "" : $"page {page + 1}, ", reading);
        return reading;
    }

    private static void Page(IssAnswer page, string where, HolderReading reading)
    {
        if (page.Error is { } error)
        {
            reading.Refuse(
                new Finding($"{where}block {Block}", Finding.Quote(error), "figures", MoexAnswers.ErrorAdvice)
            );
            return;
        }
        if (page.Block(Block) is not { } block)
        {
            reading.Refuse(
                new Finding(
                    $"{where}body",
                    $"no block {Block}",
                    "one",
                    "the answer's layout has changed: the table keeps the old rows; adapt the reader, then replay"
                )
            );
            return;
        }
        var value = block.Find("CAPITALIZATION", out var finding);
        if (finding is not null)
            reading.Refuse(finding with { Where = where + finding.Where });
        var day = block.Find("TRADEDATE", out finding);
        if (finding is not null)
            reading.Refuse(finding with { Where = where + finding.Where });
        if (value < 0 || day < 0)
            return;
        for (var number = 1; number <= block.Rows.Count; number++)
            Row(block, number, value, day, where, reading);
    }

    private static void Row(IssBlock block, int number, int value, int day, string where, HolderReading reading)
    {
        var row = block.Rows[number - 1];
        var at = $"{where}row {number}";
        if (row.Count != block.Columns.Count)
        {
            reading.Reject(at, $"{row.Count} cells", $"{block.Columns.Count} cells");
        }
        else if (row[day].Day is not { } traded || traded.Year is < 1990 or >= 2100)
        {
            reading.Reject($"{at}, column {block.Columns[day]}", row[day].Quoted, "a day, yyyy-MM-dd");
        }
        else
        {
            var citation = $"Moscow Exchange ISS, capitalization, {traded:yyyy-MM-dd}";
            if (row[value].IsNull)
            {
                reading.Miss(
                    at,
                    new MissingRow(
                        HoldingRow.PartitionKey(HoldingRow.Equity, HolderBasis.MarketCapitalisation),
                        HoldingRow.RowKey(traded, Holder, citation),
                        $"the source sent null for {block.Columns[value]}"
                    )
                );
            }
            else if (row[value].Number is not { } roubles || roubles <= 0)
            {
                reading.Reject(
                    $"{at}, column {block.Columns[value]}",
                    row[value].Quoted,
                    "a number of roubles above 0"
                );
            }
            else
            {
                reading.Keep(
                    at,
                    HoldingRow.Of(
                        traded,
                        HoldingRow.Equity,
                        HolderBasis.MarketCapitalisation,
                        Holder,
                        citation,
                        null,
                        roubles,
                        HoldingRow.Roubles
                    )
                );
            }
        }
    }
}

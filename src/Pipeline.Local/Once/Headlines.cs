using System.Globalization;
using Azure.Data.Tables;
using Pipeline.Insight;
using Pipeline.Storage;

namespace Pipeline.Local.Once;

/// <summary>The newest of the figures that people ask for first, as the table <c>indicators</c> has them.</summary>
internal sealed class Headlines(TableSet tables)
{
    private const string Imports = "us-ru-imports-monthly";
    private const string Stock = "fdi-rus-inward-stock";
    private const string Holders = "holders-equity-foreign-held-free-float";

    /// <summary>A line for each figure of the sources that there is.</summary>
    public async Task<IReadOnlyList<string>> ReadAsync(IEnumerable<string> sources, CancellationToken cancellationToken)
    {
        var lines = new List<string>();
        foreach (var source in sources)
        {
            switch (source)
            {
                case "census-trade"
                    when await ReadAsync(Imports, _ => true, cancellationToken) is [.., var last] months:
                    lines.Add(
                        $"US imports of goods from Russia: {Dollars(last.Value)} in {last.Period}{Change(months, last)}"
                    );
                    break;
                case "unctad-fdi" when await ReadAsync(Stock, _ => true, cancellationToken) is [.., var last]:
                    lines.Add(
                        $"foreign direct investment in Russia: stock of {Dollars(last.Value)} at the end of "
                            + $"{last.Period}"
                    );
                    break;
                case "moex-holders"
                    when await ReadAsync(Holders, row => row.RowKey.Split('|')[1] == "us", cancellationToken)
                        is [.., var last]:
                    lines.Add(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"United States: {last.Value:0.#} percent of the foreign-held free float of Moscow's "
                                + $"shares on {last.Period}"
                        )
                    );
                    break;
            }
        }
        return lines;
    }

    private async Task<IReadOnlyList<IndicatorRow>> ReadAsync(
        string indicator,
        Func<IndicatorRow, bool> isMeant,
        CancellationToken cancellationToken
    )
    {
        var rows = new List<IndicatorRow>();
        await foreach (
            var row in tables.QueryIfExistsAsync<IndicatorRow>(
                Names.Indicators,
                TableClient.CreateQueryFilter($"PartitionKey eq {indicator}"),
                cancellationToken
            )
        )
        {
            if (isMeant(row))
            {
                rows.Add(row);
            }
        }
        return
        [
            .. rows.OrderBy(row => row.Period, StringComparer.Ordinal)
                .ThenBy(row => row.RowKey, StringComparer.Ordinal),
        ];
    }

    /// <summary>The change on the same month of the year before.</summary>
    private static string Change(IReadOnlyList<IndicatorRow> months, IndicatorRow last)
    {
        var before = DateOnly
            .ParseExact(last.Period + "-01", "yyyy-MM-dd", CultureInfo.InvariantCulture)
            .AddYears(-1)
            .ToString("yyyy-MM", CultureInfo.InvariantCulture);
        return months.FirstOrDefault(month => month.Period == before) is { Value: not 0 } year
            ? string.Create(CultureInfo.InvariantCulture, $", {(last.Value / year.Value) - 1:+0.0%;-0.0%} on {before}")
            : $", no figure for {before}";
    }

    private static string Dollars(double dollars)
    {
        var (amount, word) = dollars >= 1e9 ? (dollars / 1e9, "billion") : (dollars / 1e6, "million");
        return string.Create(CultureInfo.InvariantCulture, $"{amount:N1} {word} US dollars");
    }
}

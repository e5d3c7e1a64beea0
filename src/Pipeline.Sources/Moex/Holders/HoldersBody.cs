using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Moex.Holders;

/// <summary>
/// Reads the curated file of statements by country. Rows that break a rule are rejected by line; the others
/// load.
/// </summary>
internal sealed class HoldersBody : HolderBody
{
    /// <summary>What exact shares of countries may add up to: all, and what rounding can add.</summary>
    private const decimal MostTogether = 100.5m;

    /// <summary>So many shares of one day and basis say something about their unit.</summary>
    private const int FewShares = 3;

    /// <summary>The name of the file in the container <c>curated</c>.</summary>
    public string FileName { get; init; } = "holders.csv";

    /// <inheritdoc/>
    public override SliceScope Scope => MoexScope.OfHolders;

    /// <inheritdoc/>
    public override string Wanted => "a statement on a holder";

    /// <inheritdoc/>
    protected override async Task<HolderReading> ReadAllAsync(Stream body, CancellationToken cancellationToken)
    {
        const string advice = "the table keeps the old rows; mend the file and put it into the container again";
        var reading = new HolderReading();
        HoldersFile? file = null;
        var begun = false;
        try
        {
            var copy = await HandCopy.OpenAsync(body, isLabel: null, guesses: false, cancellationToken);
            await foreach (var row in CsvRows.ReadAsync(copy, cancellationToken))
            {
                // Lines without anything, also with the commas that a spreadsheet leaves there, are not rows.
                if (IsBlank(row))
                    continue;
                if (!begun)
                {
                    begun = true;
                    file = HoldersFile.Read(row, FileName, copy, out var refusal);
                    if (refusal is not null)
                        reading.Refuse(refusal);
                }
                else if (file is not null)
                {
                    var (holding, finding) = file.Row(row);
                    if (holding is not null)
                        reading.Keep($"line {row.Line}", holding);
                    else
                        reading.Reject(finding!);
                }
            }
        }
        catch (CsvException e)
        {
            reading.Refuse(
                new Finding(
                    $"{FileName}, line {e.Line}",
                    e.Seen,
                    e.Expected ?? "CSV in UTF-8, with commas, as RFC 4180 has it",
                    e.Remedy is { } remedy ? $"the table keeps the old rows; {remedy}" : advice
                )
            );
        }
        if (!begun)
        {
            reading.Refuse(new Finding("body", "no line", "a header and a row for each statement", advice));
        }
        else if (reading.Check().Read == 0)
        {
            reading.Refuse(
                new Finding(
                    "body",
                    "no row",
                    "a row for each statement; an empty Moex__HoldersFile switches the dataset off",
                    advice
                )
            );
        }

        reading.Settle();
        Fractions(reading);
        Together(reading);
        return reading;
    }

    /// <summary>
    /// Refuses shares that look like fractions of 1: so many of one day and basis, and none above one per cent. One
    /// small share alone may be true.
    /// </summary>
    private static void Fractions(HolderReading reading)
    {
        foreach (
            var group in reading
                .Rows.Where(row => !double.IsNaN(row.Row.SharePercent))
                .GroupBy(row => Of(row.Row))
                .Where(group => group.Count() >= FewShares && group.All(row => row.Row.SharePercent <= 1))
        )
        {
            var (where, first) = group.First();
            reading.Judge(
                new Finding(
                    $"{where}, column share_percent",
                    $"{group.Count()} shares of {first.AssetClass} by {first.Basis} on {first.RowKey[..10]}, none "
                        + $"above 1",
                    "per cent, not fractions of 1",
                    "the table keeps the old rows; write the shares in per cent and put the file into the container "
                        + "again, or replay the slice with accept if the shares are right"
                )
            );
        }
    }

    /// <summary>
    /// Rejects exact shares of a day that cannot all be true. Totals ("All …") are not added up: they hold the others.
    /// Where publishers differ about a holder the smallest of its shares counts, so that no holder counts twice.
    /// </summary>
    private static void Together(HolderReading reading)
    {
        var impossible = new Dictionary<(string Partition, string Day), string>();
        foreach (var day in reading.Rows.Where(row => Counts(row.Row)).GroupBy(row => Of(row.Row)))
        {
            var shares = day.GroupBy(row => row.Row.HolderIso2 is { Length: > 0 } code ? code : row.Row.Holder)
                .Select(holder => (Code: holder.Key, Share: holder.Min(row => (decimal)row.Row.SharePercent)))
                .ToList();
            var sum = shares.Sum(holder => holder.Share);
            if (sum <= MostTogether)
                continue;
            var parts = string.Join(
                ", ",
                shares
                    .OrderByDescending(holder => holder.Share)
                    .Take(5)
                    .Select(holder => $"{holder.Code} {holder.Share.ToString(CultureInfo.InvariantCulture)}")
            );
            impossible.Add(
                day.Key,
                $"{sum.ToString(CultureInfo.InvariantCulture)} per cent together "
                    + $"({parts}{(shares.Count > 5 ? ", …" : "")})"
            );
        }
        reading.Withdraw(
            (where, row) =>
                Counts(row) && impossible.TryGetValue(Of(row), out var sum)
                    ? new Finding(
                        $"{where}, column share_percent",
                        $"{row.SharePercent.ToString(CultureInfo.InvariantCulture)} of {sum}",
                        $"exact shares of {row.AssetClass} by {row.Basis} on {row.RowKey[..10]} that add up to at "
                            + $"most {MostTogether.ToString(CultureInfo.InvariantCulture)}",
                        "check basis, day and qualifier of these rows"
                    )
                    : null
        );
    }

    private static bool Counts(Holding row) =>
        row.Qualifier == HoldingRow.Exact
        && !row.Holder.StartsWith("All ", StringComparison.OrdinalIgnoreCase)
        && !double.IsNaN(row.SharePercent);

    private static (string Partition, string Day) Of(Holding row) => (row.PartitionKey, row.RowKey[..10]);

    private static bool IsBlank(CsvRows row)
    {
        for (var cell = 0; cell < row.Count; cell++)
        {
            if (!row.Bytes(cell).IsEmpty)
                return false;
        }

        return true;
    }
}

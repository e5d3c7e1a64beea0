using Pipeline.Sources.Census;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

/// <summary>
/// Recorded answers of the API and a balance file as it was published. They are not part of the repository:
/// where they are missing, these tests are skipped.
/// </summary>
[Collection(MeasuredAlone.Name)]
public sealed class RecordedTests
{
    private static byte[] File(string name)
    {
        for (var folder = new DirectoryInfo(Repository.Root).Parent; folder is not null; folder = folder.Parent)
        {
            if (
                Path.Combine(folder.FullName, "shared", "data", "census", name) is var path
                && System.IO.File.Exists(path)
            )
            {
                return System.IO.File.ReadAllBytes(path);
            }
        }

        Assert.Skip($"{name} is not in ../shared/data/census");
        return [];
    }

    [Theory]
    [InlineData("exports_hs_all_partners_2018-12.json", "exports-total/2018-12", "ALL_VAL", 233)]
    [InlineData("exports_hs_all_partners_2019-10.json", "exports-total/2019-10", "ALL_VAL", 233)]
    [InlineData("imports_hs_all_partners_2018-12.json", "imports-total/2018-12", "GEN_VAL", 233)]
    [InlineData("imports_hs_all_partners_2019-10.json", "imports-total/2019-10", "GEN_VAL", 233)]
    [InlineData("imports_hs_HS2_all_partners_2023-01.json", "imports-hs2/all-2023-01", "GEN_VAL", 7553)]
    public async Task Recorded_months_are_read_and_add_up_to_the_world(
        string file,
        string slice,
        string variable,
        int partners
    )
    {
        var body = File(file);
        // As recorded, an answer to an older request: without the year to date.
        var asRecorded = await BodyOutcome.ReadAsync(Trade.Reader(slice), body);
        Assert.StartsWith($"the columns {variable}_YR too", asRecorded.Check.Refusal?.Expected);
        // The month's own column stands in for it: a month that is not January is not added up, and January's year to
        // date is itself.
        var rows = System.Text.Json.JsonSerializer.Deserialize<List<List<string?>>>(body)!;
        var value = rows[0].IndexOf($"{variable}_MO");
        foreach (var row in rows)
            row.Add(row == rows[0] ? $"{variable}_YR" : row[value]);
        var outcome = await BodyOutcome.ReadAsync(
            Trade.Reader(slice, Trade.Settings(all: true)),
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(rows),
            10_000
        );
        Assert.Null(outcome.Check.Refusal);
        Assert.Empty(outcome.Rejected);
        Assert.Empty(outcome.Missing);
        Assert.Equal(partners, outcome.Rows.Count);
        Assert.Equal(rows.Count - 1, outcome.Check.Read);
        Assert.Equal(outcome.Rows.Count, outcome.Rows.Select(row => (row.PartitionKey, row.RowKey)).Distinct().Count());
        // A dollar more or less in any row is noticed.
        var russia = rows.First(row => row.Contains("4621"));
        russia[value] = russia[^1] =
            $"{long.Parse(russia[value]!, System.Globalization.CultureInfo.InvariantCulture) + 1}";
        Assert.NotNull(
            (
                await BodyOutcome.ReadAsync(
                    Trade.Reader(slice, Trade.Settings(all: true)),
                    System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(rows)
                )
            )
                .Check
                .Refusal
        );
    }

    [Fact]
    public async Task The_published_balance_file_is_read_without_a_reject_and_with_little_memory()
    {
        var file = File("country_balance_2024-11.xlsx");
        // So that the reader's own tables are not counted.
        await BodyOutcome.ReadAsync(Trade.Reader("country-balance/1992-01"), TestWorkbook.Russia().Write());
        var reader = Trade.Reader("country-balance/1985-01");
        using var body = new MemoryStream(file, writable: false);
        var least = long.MaxValue;
        // Other tests of the process allocate at the same time: what counts is the least of several readings.
        for (var reading = 0; reading < 5 && least >= 8 << 20; reading++)
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            await reader.CheckAsync(body);
            least = Math.Min(least, GC.GetTotalMemory(forceFullCollection: true) - before);
        }
        Assert.True(least < 8 << 20, $"{least} bytes stay behind, expected at most 8 MB");
        var (check, all) = await reader.ParseAsync(body);
        Assert.Null(check.Refusal);
        Assert.Equal((8725 * 24, 0, 0, "2009-12"), (check.Read, check.Rejected, check.Missing, check.Newest));

        var russia = new Dictionary<string, long>();
        foreach (var row in all.Rows.Cast<TradeMonthly>().Where(row => row.PartnerCode == "4621"))
            russia[$"{row.Flow} {row.Period}"] = row.ValueUsd;

        Assert.Equal(18 * 12 * 2, russia.Count);
        long Sum(string flow, int year) =>
            russia
                .Where(pair => pair.Key.StartsWith($"{flow} {year}", StringComparison.Ordinal))
                .Sum(pair => pair.Value);
        // census.md, section 6.
        Assert.Equal(
            (9_334.6m, 26_783.0m),
            (Math.Round(Sum("exports", 2008) / 1e6m, 1), Math.Round(Sum("imports", 2008) / 1e6m, 1))
        );
    }
}

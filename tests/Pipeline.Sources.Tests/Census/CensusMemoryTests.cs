using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Census;

/// <summary>What a parse remembers of the largest body, a year of all partners by HS6.</summary>
[Collection(MeasuredAlone.Name)]
public sealed class CensusMemoryTests
{
    private const int Partners = 220;

    /// <summary>Bytes a row, however many months of a series have trade.</summary>
    [Theory]
    [InlineData(12)]
    [InlineData(4)]
    [InlineData(1)]
    public async Task A_parse_remembers_at_most_60_bytes_a_row(int months)
    {
        using var body = new MemoryStream();
        var rows = await WriteAsync(body, months, commodities: 200_000 / Partners / months);
        var parser = Trade.Reader("imports-hs6/all-2023", Trade.Settings(all: true, levels: "HS6"));
        await parser.CheckAsync(new MemoryStream(Trade.Body("[]"))); // Loads the list of partners.
        body.Position = 0;
        var (before, after) = (GC.GetTotalMemory(forceFullCollection: true), 0L);
        var taken = 0;
        var check = await parser.ParseAsync(
            body,
            batch =>
            {
                taken += batch.Rows.Count;
                // The last batch comes while the parser still remembers all.
                if (taken == rows)
                {
                    batch.Rows.Clear();
                    after = GC.GetTotalMemory(forceFullCollection: true);
                }
                return ValueTask.CompletedTask;
            },
            CancellationToken.None
        );
        Assert.Equal((null, rows), (check.Unreadable, check.Kept));
        TestContext.Current.SendDiagnosticMessage(
            "{0} months: {1:N1} bytes a row",
            months,
            (after - before) / (double)rows
        );
        Assert.True(after - before <= 60 * rows, $"{after - before} bytes for {rows} rows, expected at most 60 a row");
    }

    private static async Task<long> WriteAsync(MemoryStream body, int months, int commodities)
    {
        await using var text = new StreamWriter(body, leaveOpen: true);
        await text.WriteAsync(
            """[["I_COMMODITY","I_COMMODITY_SDESC","CTY_CODE","CTY_NAME","GEN_VAL_MO","GEN_VAL_YR","COMM_LVL","time"]"""
        );
        for (var commodity = 0; commodity < commodities; commodity++)
        {
            for (var month = 1; month <= months; month++)
            {
                for (var partner = 0; partner < Partners; partner++)
                {
                    await text.WriteAsync(
                        $",[\"{commodity:000000}\",\"A\",\"{4000 + partner}\",\"P\",\"1000\",\"{month * 1000}\",\"HS6\""
                            + ","
                            + $"\"2023-{month:00}\"]"
                    );
                }
            }
        }
        await text.WriteAsync("]");
        return (long)commodities * months * Partners;
    }
}

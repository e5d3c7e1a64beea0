using System.Globalization;
using System.Text;
using Pipeline.Sources.Unctad;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>Exports with the years side by side, and exports whose rows stand in quotes as a whole.</summary>
public sealed class FdiPivotTests
{
    private const string Value = "_US_at_current_prices_in_millions_Value";
    private const string Note = "_US_at_current_prices_Footnote";
    private const string Reason = "_US_at_current_prices_MissingValue";
    private const string Two = $"Economy_Label,1990{Value},1991{Value}";
    private const string World = "World,10,10";
    private const string Kept = "kept in rejects, fix the reader or replay";
    private const string Old =
        "the table keeps the old vintage; if the publisher has changed the layout, adapt the reader, then replay";

    /// <summary>Four exports, of which the first is the given one.</summary>
    private static string Body(string header, string rows) =>
        $"#part inward flow\n{header}\r\n{rows}\r\n"
        + string.Concat(
            ((string[])["inward stock", "outward flow", "outward stock"]).Select(part =>
                $"#part {part}\n{Two}\r\n{World}\r\n"
            )
        );

    private static async Task<string> OutcomeAsync(string header, string rows)
    {
        var outcome = await BodyOutcome.ReadAsync(Fdi.Reader(), Fdi.Bytes(Body(header, rows)), step: 7);
        var figures = outcome
            .Rows.Cast<FdiAnnual>()
            .Select(row => $"{row.PartitionKey} {row.RowKey} {row.ValueUsd}{Footnote(row)}");
        return string.Join('\n', [outcome.ToString(), .. figures]);

        static string Footnote(FdiAnnual row) => row.Footnote.Length > 0 ? $" ({row.Footnote})" : "";
    }

    public static TheoryData<string, string, string> Pivots =>
        new()
        {
            {
                Two,
                $"{World}\r\nCyprus,7,-3",
                "2 of 10 kept, 8 excluded\n196|inward|flow 1990 7000000\n196|inward|flow 1991 -3000000"
            },
            // A year that is not reported has no row in other exports.
            { Two, $"{World}\r\nCyprus,,-3", "1 of 9 kept, 8 excluded\n196|inward|flow 1991 -3000000" },
            { Two, $"{World}\r\nCyprus,,", "0 of 8 kept, 8 excluded" },
            {
                $"Economy_Label,1990{Value},1990{Note},1990{Reason},1991{Value},1991{Note},1991{Reason}",
                "World,10,,,10,,\r\nCyprus,7,Asset/liability basis.,,,,Not applicable",
                "1 of 10 kept, 8 excluded\nmissing: 196|inward|flow 1991: Not applicable\n"
                    + "196|inward|flow 1990 7000000 (Asset/liability basis.)"
            },
            {
                $"Economy_Label,1991{Value},1990{Value},1990_Percentage_of_total_world_Value",
                "World,10,10,100\r\n\"China, Hong Kong SAR\",7,8,9",
                "2 of 10 kept, 8 excluded\n344|inward|flow 1990 8000000\n344|inward|flow 1991 7000000"
            },
            {
                $"Economy_Code,1990{Value},1991{Value}",
                "0000,10,10\r\n196,7,8",
                "2 of 10 kept, 8 excluded\n196|inward|flow 1990 7000000\n196|inward|flow 1991 8000000"
            },
            {
                Two,
                $"{World}\r\nCyprus,7,x",
                "1 of 10 kept, 8 excluded\nrejected: US_FdiFlowsStock.inward-flow.csv, line 3, column "
                    + $"1991{Value}: seen \"x\", expected a decimal "
                    + $"number, such as -15205.1 or 4E-05, of less than 9,223,372,036,854 million US dollars; {Kept}\n"
                    + "196|inward|flow 1990 7000000"
            },
            {
                Two,
                $"{World}\r\nAtlantis,7,",
                "0 of 9 kept, 8 excluded\nrejected: US_FdiFlowsStock.inward-flow.csv, line 3, column "
                    + "Economy_Label: seen \"Atlantis\", "
                    + $"expected the label of an economy or a group that the program's lists have; {Kept}"
            },
        };

    [Theory, MemberData(nameof(Pivots))]
    public async Task A_year_pivot_is_read_figure_by_figure(string header, string rows, string expected) =>
        Assert.Equal(expected, await OutcomeAsync(header, rows));

    public static TheoryData<string, string> Uncertain =>
        new()
        {
            {
                "Economy_Label,1990,1991",
                "seen the year alone as the name of the column \"1990\", expected the measure and the unit too, "
                    + $"such as 1990{Value}; {Old}"
            },
            {
                $"Economy_Label,1990{Value},1990_Millions_of_US_dollars_at_current_prices",
                $"seen the columns \"1990{Value}\" and \"1990_Millions_of_US_dollars_at_current_prices\", "
                    + $"expected one column of each kind for 1990; {Old}"
            },
            {
                $"Economy_Label,1990{Value},1991{Reason}",
                $"seen the column \"1991{Reason}\" alone, expected a column with the values of 1991 too; {Old}"
            },
            {
                $"Economy_Label,1990{Value},1991_M0100_Value",
                $"seen the columns \"1990{Value}\" and \"1991_M0100_Value\", expected values of one unit; {Old}"
            },
            { $"Economy_Label,9999{Value}", $"seen the column \"9999{Value}\", expected a year, 1900 to 2200; {Old}" },
            {
                "Economy_Label,1990_Percentage_of_total_world_Value",
                $"seen \"Economy_Label,1990_Percentage_of_total_world_Value\", expected the columns Year too; {Old}"
            },
            { $"Land,1990{Value}", $"seen \"Land,1990{Value}\", expected the columns Economy too; {Old}" },
            {
                $"Economy_Label,Year,1990{Value},1991{Value}",
                $"seen the columns \"1990{Value}\" and \"1991{Value}\", "
                    + $"expected one column of US$ at current prices in millions; {Old}"
            },
        };

    [Theory, MemberData(nameof(Uncertain))]
    public async Task A_pivot_that_is_not_certain_names_its_column(string header, string expected) =>
        Assert.Equal(
            $"0 of 0 kept, 0 excluded\nrefused: US_FdiFlowsStock.inward-flow.csv, line 1, the header: {expected}",
            await OutcomeAsync(header, World)
        );

    public static TheoryData<string, string, string> Quoted =>
        new()
        {
            {
                "Economy_Label,Year,US_at_current_prices_in_millions_Value",
                "\"World\",1990,10\r\n\"World\",1991,10\r\n\"China, Hong Kong SAR\",1990,7",
                "1 of 9 kept, 8 excluded\n344|inward|flow 1990 7000000"
            },
            {
                $"Economy_Label,1990{Value},1991{Value}",
                "World,10,10\r\nCyprus,7,",
                "1 of 9 kept, 8 excluded\n196|inward|flow 1990 7000000"
            },
            {
                "Economy_Label,Year,US_at_current_prices_in_millions_Value",
                "World,1990,10\r\nWorld,1991,10\r\nChina, Hong Kong SAR,1990,7",
                "0 of 9 kept, 8 excluded\nrejected: US_FdiFlowsStock.inward-flow.csv, line 4: seen 4 cells, "
                    + $"expected 3 cells, as the header has; {Kept}"
            },
        };

    [Theory, MemberData(nameof(Quoted))]
    public async Task Rows_in_quotes_as_a_whole_are_divided(string header, string rows, string expected) =>
        Assert.Equal(expected, await OutcomeAsync(DataCentre.Quoted(header), DataCentre.Quoted(rows)));

    [Fact]
    public async Task A_quoted_row_that_cannot_be_divided_is_rejected() =>
        Assert.Equal(
            "0 of 9 kept, 8 excluded\nrejected: US_FdiFlowsStock.inward-flow.csv, line 4: seen 1 cell, expected 3 "
                + $"cells, as the header has; {Kept}",
            await OutcomeAsync(
                "Economy_Label,Year,US_at_current_prices_in_millions_Value",
                "World,1990,10\r\nWorld,1991,10\r\n\"Cyprus,\"\"7\"\"x,1\""
            )
        );

    [Fact]
    public async Task A_pivot_of_a_whole_release_needs_little_memory()
    {
        var text = new StringBuilder();
        foreach (var part in (string[])["inward flow", "inward stock", "outward flow", "outward stock"])
        {
            text.Append(CultureInfo.InvariantCulture, $"#part {part}\nEconomy_Label");
            for (var year = 1990; year <= 2024; year++)
                text.Append(CultureInfo.InvariantCulture, $",{year}{Value},{year}{Note},{year}{Reason}");
            foreach (var label in (string[])[.. Fdi.Labels, "World"])
                text.Append(CultureInfo.InvariantCulture, $"\r\n\"{label}\"").Insert(text.Length, ",1000,,", 35);
            text.Append("\r\n");
        }
        using var stream = new MemoryStream(Fdi.Bytes(text.ToString()), writable: false);
        await Fdi.Reader(extract: false).CheckAsync(stream);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var check = await Fdi.Reader(extract: false).CheckAsync(stream);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // Some 2 MB are words: no figure of this body adds up, and all findings are kept.
        Assert.True(allocated < (8 << 20) + 300 * check.Kept, $"{allocated:N0} bytes for {check.Kept:N0} rows");
    }
}

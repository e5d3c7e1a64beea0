using System.Globalization;
using System.Text;
using Pipeline.Runs;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>
/// The release of 2025 through the real steps: as archive and as exports it is loaded as it is, and with a fault it is
/// loaded neither over the true one nor, where a factor shows, into empty tables.
/// </summary>
public sealed class UnctadReleaseTests
{
    private static readonly RowCounts Whole = new(34_952, 23_666, 0, 0, 9_626, 1_660, 0);

    private static Case Run(CaseServer server) =>
        new("unctad-fdi", server, ("Unctad__BulkUrl", $"{server.Address}/bulk"));

    private static void Publish(CaseServer server, RealRelease release) =>
        server.On("/bulk", release.Archive(), 200, "application/x-7z-compressed");

    private static async Task IsWholeAsync(Case run, RunVerdict verdict)
    {
        Assert.All(verdict.Lines, line => Assert.StartsWith("late: ", line, StringComparison.Ordinal));
        Assert.Equal(0, verdict.ExitCode);
        Assert.Equal(Whole, await run.Pipeline.LedgerAsync());
        Assert.Empty(await run.Pipeline.RowsAsync("rejects"));
    }

    [Fact]
    public async Task The_archive_is_loaded_and_no_fault_is_loaded_over_it()
    {
        var release = RealRelease.Read();
        using var server = new CaseServer();
        await using var run = Run(server);
        Publish(server, release);
        await IsWholeAsync(run, await run.RunAsync());
        var loaded = await run.Pipeline.RowsAsync("fdiannual");
        foreach (var (fault, words) in Over.Where(over => Share.Current.IsFull || Tenth.Contains(over.Fault)))
        {
            run.Clock.Advance(TimeSpan.FromDays(7));
            Publish(server, release.With(fault));
            var verdict = await run.RunAsync();
            Assert.Equal((fault, 2), (fault, verdict.ExitCode));
            var line = Assert.Single(verdict.Open);
            Assert.StartsWith("quarantined: unctad-fdi/fdi-flows-stock/all ", line, StringComparison.Ordinal);
            Assert.Contains(words, line, StringComparison.Ordinal);
        }
        var now = await run.Pipeline.RowsAsync("fdiannual");
        Assert.Equal(loaded.Select(row => row.ETag), now.Select(row => row.ETag));
    }

    /// <summary>The unit is named, though in it a rounding does not add up either.</summary>
    private const string InThousands =
        "year 1990, inward flow: seen 204887703000000 US dollars in the world, expected 5000000000 to 20000000000000";

    /// <summary>
    /// The faults that are tried at a tenth of the length: those that show only beside the true release, and one that
    /// the body itself shows.
    /// </summary>
    private static readonly string[] Tenth = ["x 0.9", "a year shifted by a year", "x 1000"];

    /// <summary>Faults over the true release, and what is said of them.</summary>
    private static readonly (string Fault, string Words)[] Over =
    [
        ("x 1000", InThousands),
        (
            "x 0.001",
            "year 1990, inward flow: seen 204887703 US dollars in the world, expected 5000000000 to 20000000000000"
        ),
        ("x 1000000", "rows that cannot be understood, the first: line "),
        ("x 0.9", "figures that are 0.9 times those of the table"),
        ("a year shifted by a column", "rows that cannot be understood, the first: line "),
        ("a year shifted by a year", "figures of 2010 that are those of 2011 in the table, expected figures of 2010"),
        (
            "two economies swapped",
            "inward flow, group 5210 Northern America: seen economies without the financial centres that add up to "
        ),
    ];

    public static TheoryData<string, string> Empty =>
        new()
        {
            { "x 1000", InThousands },
            {
                "x 0.001",
                "year 1990, inward flow: seen 204887703 US dollars in the world, expected 5000000000 to 20000000000000"
            },
            { "x 1000000", "rows that cannot be understood, the first: line " },
            { "a year shifted by a column", "rows that cannot be understood, the first: line " },
            { "two economies swapped", "inward flow, group 5210 Northern America: seen economies without the " },
        };

    [Theory, MemberData(nameof(Empty))]
    public async Task A_fault_that_shows_is_not_loaded_into_empty_tables(string fault, string words)
    {
        var release = RealRelease.Read();
        using var server = new CaseServer();
        await using var run = Run(server);
        Publish(server, release.With(fault));
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Contains(words, Assert.Single(verdict.Failed), StringComparison.Ordinal);
        Assert.Empty(await run.Pipeline.RowsAsync("fdiannual"));
    }

    [Fact]
    public async Task A_release_in_euros_or_with_outward_stocks_in_another_unit_is_not_loaded_over_the_true_one()
    {
        var release = RealRelease.Read();
        using var server = new CaseServer();
        await using var run = Run(server);
        Publish(server, release);
        await run.RunAsync();
        foreach (
            var (fault, words) in ((Func<string[], decimal>, string)[])
                [
                    (
                        row => 1 / (1 + 0.05m * int.Parse(row[0][3..], CultureInfo.InvariantCulture)),
                        "times those of the table, and "
                    ),
                    (
                        row => row[3] == "09" && row[5] == "2" ? 0.9m : 1,
                        "figures of outward|stock that are 0.9 times those of the table, expected figures in the unit, "
                            + "currency and prices of the table"
                    ),
                ]
        )
        {
            run.Clock.Advance(TimeSpan.FromDays(7));
            Publish(server, release.Scaled(fault));
            var verdict = await run.RunAsync();
            Assert.Equal(2, verdict.ExitCode);
            Assert.Contains(words, Assert.Single(verdict.Open), StringComparison.Ordinal);
        }
        Assert.Equal(0, (await run.Pipeline.LedgerAsync()).Changed);
    }

    [Fact]
    public async Task Outward_stocks_of_the_economies_in_another_unit_are_not_loaded_into_empty_tables()
    {
        var release = RealRelease
            .Read()
            .Scaled(row => row[1].Length == 3 && row[3] == "09" && row[5] == "2" ? 1000 : 1);
        using var server = new CaseServer();
        await using var run = Run(server);
        Publish(server, release);
        var verdict = await run.RunAsync();
        Assert.Equal(1, verdict.ExitCode);
        Assert.Contains(
            "year 1990, outward stock: seen 731762000000000 US dollars for 840 United States, expected at most "
                + "2254903328000, the row of the world; ",
            Assert.Single(verdict.Failed),
            StringComparison.Ordinal
        );
        Assert.Empty(await run.Pipeline.RowsAsync("fdiannual"));
    }

    [Theory]
    [InlineData("one row per year")]
    [InlineData("the years side by side")]
    [InlineData("rows in quotes")]
    public async Task The_four_exports_are_loaded_in_each_form(string form)
    {
        Assert.SkipUnless(
            Share.Current.IsFull || form == "the years side by side",
            $"at a tenth of the length one form is loaded; {Share.Variable}={Share.Full} loads all"
        );
        var exports = RealRelease.Read().Exports();
        using var server = new CaseServer().On("/bulk", "", 503);
        await using var run = Run(server);
        foreach (var (name, text) in exports)
        {
            var bytes = Encoding.UTF8.GetBytes(
                form switch
                {
                    "the years side by side" => DataCentre.Pivot(text, whole: true),
                    "rows in quotes" => DataCentre.Quoted(text),
                    _ => text,
                }
            );
            await run.DropAsync(name, bytes);
        }
        await IsWholeAsync(run, await run.RunAsync());
    }
}

using System.Globalization;
using Pipeline.Issues;
using Pipeline.Runs;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>
/// The table of docs/exit-codes.md: each case goes through the real steps and ends with its code.
/// <c>UPDATE_README=1</c> writes the table.
/// </summary>
public sealed class ExitCodeTableTests
{
    private const string Page = "docs/exit-codes.md";
    private const string Census = "census-trade";

    /// <summary>A case: its name, what happens, the exit code, and the run that ends with it.</summary>
    private sealed record Row(string Name, string What, int Code, Func<CaseServer, Task<RunVerdict>>? Run);

    private static readonly Row[] Table =
    [
        new("all-loaded", "every slice is loaded, and a late one is a line", 0, AllLoaded),
        new(
            "census-null-year-to-date",
            "a year-to-date is null: the month is loaded, the column is a gap",
            0,
            NullToDate
        ),
        new("census-retired-partner", "a retired partner has no trade, which is a note", 0, RetiredPartner),
        new("unctad-datacentre-export-whole", "the four exports of a whole release are loaded", 0, WholeExports),
        new("census-answers", "a response is a page in HTML", 1, HtmlPage),
        new("census-unknown-code-hides-gap", "a first body is quarantined: partners and world differ", 1, UnknownCode),
        new("census-204-everywhere", "years that are long released bring nothing", 1, NothingForYears),
        new("lacking", "slices that must exist by now were not fetched", 1, Lacking),
        new("unctad-datacentre-export", "the four exports have 6 of at least 200 economies", 1, FewEconomies),
        new("ofz-merged-header", "the table has a header that the reader does not know", 1, MergedHeader),
        new(
            "failed-and-open",
            "a figure is rejected, and another publisher is down: the lowest number wins",
            1,
            FailedAndOpen
        ),
        new("ofz-unit-slip", "a month is 1000 times too large, and a share is a fraction", 2, UnitSlip),
        new("partners-not-iso", "partner codes are not ISO 3166-1", 2, NotIso),
        new("partners-without-code", "regions in the partners' file have no code", 2, WithoutCode),
        new("quarantined-revision", "a revision is quarantined, and the table keeps the older body", 2, Revision),
        new("commodities-before-totals", "commodities were loaded in another unit before their total", 2, BeforeTotals),
        new("dead-letter", "a message was given up", 2, DeadLetterKept),
        new("interrupted", "Ctrl-C during `--once` or `--replay` (proved by `LocalHostTests`)", 130, null),
    ];

    public static TheoryData<string> Names => [.. Table.Where(row => row.Run is not null).Select(row => row.Name)];

    [Theory, MemberData(nameof(Names))]
    public async Task A_case_ends_with_its_code(string name)
    {
        var row = Table.Single(row => row.Name == name);
        using var server = new CaseServer();
        var verdict = await row.Run!(server);
        Assert.True(row.Code == verdict.ExitCode, $"{verdict.ExitCode}:\n{string.Join('\n', verdict.Lines)}");
    }

    [Fact]
    public void The_page_has_the_table()
    {
        var text = string.Concat(
            Table
                .OrderBy(row => row.Code)
                .Select(row => $"| {row.Code.ToString(CultureInfo.InvariantCulture)} | `{row.Name}` | {row.What} |\n")
        );
        var path = Path.Combine(Repository.Root, Page);
        var page = File.ReadAllText(path);
        const string begin = "|---|---|---|\n";
        var at = page.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        if (Environment.GetEnvironmentVariable("UPDATE_README") == "1")
            File.WriteAllText(path, page[..at] + text);
        else
            Assert.Equal(text, page[at..]);
    }

    private static async Task<RunVerdict> CensusAsync(CaseServer server, params (string, string)[] more)
    {
        await using var run = new Case(Census, server, more);
        return await run.RunAsync();
    }

    private static CaseServer Both(CaseServer server, bool withoutToDate) =>
        server
            .On("exports/hs", CensusCaseTests.Body(true, 2026, CensusCaseTests.Rows(3, "4621", "5700"), withoutToDate))
            .On("imports/hs", CensusCaseTests.Body(false, 2026, CensusCaseTests.Rows(3, "4621", "5700")));

    private static Task<RunVerdict> AllLoaded(CaseServer server) => CensusAsync(Both(server, withoutToDate: false));

    private static Task<RunVerdict> NullToDate(CaseServer server) => CensusAsync(Both(server, withoutToDate: true));

    private static Task<RunVerdict> RetiredPartner(CaseServer server)
    {
        Both(server, withoutToDate: false).On("HS2", "", 204);
        return CensusAsync(server, ("Census__Partners", "4799"), ("Census__Levels", "total,HS2"));
    }

    private static Task<RunVerdict> HtmlPage(CaseServer server) =>
        CensusAsync(server.On("/hs", "<!DOCTYPE html><html><body>x</body></html>", type: "text/html"));

    private static Task<RunVerdict> UnknownCode(CaseServer server)
    {
        var rows = CensusCaseTests.Rows(3, [.. Enumerable.Range(4001, 120).Select(code => $"{code}")]);
        rows.RemoveAll(row => row is { Code: "4100", Month: 2 });
        rows.AddRange([("9030", 1, 0, 0), ("9030", 2, 0, 0), ("9030", 3, 0, 0)]);
        server.On("exports/hs", CensusCaseTests.Body(true, 2026, rows));
        return CensusAsync(server.On("imports/hs", CensusCaseTests.Body(false, 2026, rows)));
    }

    private static Task<RunVerdict> NothingForYears(CaseServer server) =>
        CensusAsync(server.On("/hs", "", 204), ("Census__From", "2024-01"));

    private static async Task<RunVerdict> Lacking(CaseServer server)
    {
        await using var run = new Case(Census, server);
        var verdict = await run.VerdictAsync(Case.Now);
        Assert.All(verdict.Failed, line => Assert.StartsWith("lacking: ", line, StringComparison.Ordinal));
        return verdict;
    }

    private static Task<RunVerdict> WholeExports(CaseServer server) => ExportsAsync(server, Fdi.Labels);

    private static Task<RunVerdict> FewEconomies(CaseServer server) =>
        ExportsAsync(server, ["Cyprus", "Cote d'Ivoire", "Kosovo", "Turkiye", "Russian Federation", "Serbia"]);

    private static async Task<RunVerdict> ExportsAsync(CaseServer server, IReadOnlyList<string> labels)
    {
        await using var run = await UnctadCaseTests.ExportsAsync(
            server,
            UnctadCaseTests.Exports(labels, footnote: true)
        );
        return await run.RunAsync();
    }

    private static Task<RunVerdict> NotIso(CaseServer server) => PartnersAsync(server, "Germny,DUE,7", "Belgium,BLX,9");

    private static Task<RunVerdict> WithoutCode(CaseServer server) =>
        PartnersAsync(server, "Unspecified,,12.5", "Europe,,9000");

    private static async Task<RunVerdict> PartnersAsync(CaseServer server, params string[] lines)
    {
        await using var run = await UnctadCaseTests.PartnersAsync(server, UnctadCaseTests.File(lines));
        return await run.RunAsync();
    }

    private static async Task<RunVerdict> OfzAsync(CaseServer server, byte[] table, params (string, string)[] more)
    {
        await using var run = MoexCaseTests.Run(server.On("table_ofz", table), more);
        return await run.RunAsync();
    }

    private static Task<RunVerdict> MergedHeader(CaseServer server) =>
        OfzAsync(server, MoexCaseTests.Table(merged: true));

    private static byte[] Slipped() =>
        MoexCaseTests.Table(
            (month, cells) =>
            {
                if (month == 10)
                    cells[1] = "810500";
                if (month == 11)
                    cells[2] = "0.034";
            }
        );

    private static Task<RunVerdict> UnitSlip(CaseServer server) => OfzAsync(server, Slipped());

    private static Task<RunVerdict> FailedAndOpen(CaseServer server) =>
        OfzAsync(server.On("/iss", "", 503), Slipped(), ("Moex__IssUrl", $"{server.Address}/iss"));

    private static async Task<RunVerdict> Revision(CaseServer server)
    {
        static byte[] By(int months) =>
            MoexCaseTests.Table((month, cells) => (cells[1], cells[2]) = ($"{800 + (month - months) * 13}", ""));
        await using var run = MoexCaseTests.Run(server.On("table_ofz", By(0)));
        Assert.Equal(0, (await run.RunAsync()).ExitCode);
        run.Clock.Advance(TimeSpan.FromDays(2));
        server.On("table_ofz", By(1));
        return await run.RunAsync();
    }

    private static async Task<RunVerdict> BeforeTotals(CaseServer server)
    {
        var rows = CensusCaseTests
            .Rows(1, "4621", "5700")
            .Select(row => (row.Code, row.Month, row.Value * 1_000_000, row.ToDate * 1_000_000))
            .ToList();
        server
            .On("exports/hs", CensusCaseTests.Body(true, 2026, rows))
            .On("imports/hs", "", 503)
            .On("exports/hs COMM_LVL", JudgementCaseTests.Commodities('E', 1_000_000))
            .On("imports/hs COMM_LVL", JudgementCaseTests.Commodities('I', 1_000_000_000));
        await using var run = new Case(Census, server, ("Census__Levels", "total,HS2"));
        Assert.Equal(1, (await run.RunAsync()).ExitCode);
        server
            .On("imports/hs", CensusCaseTests.Body(false, 2026, rows))
            .On("imports/hs COMM_LVL", JudgementCaseTests.Commodities('I', 1_000_000_000));
        run.Clock.Advance(TimeSpan.FromDays(2));
        return await run.RunAsync();
    }

    private static async Task<RunVerdict> DeadLetterKept(CaseServer server)
    {
        await using var run = new Case(Census, Both(server, withoutToDate: false));
        await run
            .Pipeline.Get<DeadLetterBook>()
            .PutAsync(
                DeadLetter.Read(Storage.Names.PullQueue, "x"),
                isReplayable: false,
                run.Clock.GetUtcNow(),
                "it failed",
                CancellationToken.None
            );
        return await run.RunAsync();
    }
}

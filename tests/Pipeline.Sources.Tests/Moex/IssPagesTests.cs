using System.Globalization;
using System.Net;
using System.Text;
using System.Web;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Http;
using Pipeline.Sources.Moex.Capitalisation;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Moex;

/// <summary>Lists of several pages, from a server that gives what the test wants for each start.</summary>
public sealed class IssPagesTests
{
    private const string Advice =
        "; nothing was loaded; the last page is kept; the next plan asks again, and if it stays so adapt the reader";
    private readonly List<string> asked = [];

    private static string Page(
        int from,
        int count,
        string? cursor = null,
        string columns = "'INDEX','TOTAL','PAGESIZE'"
    ) =>
        $"{{'list':{{'columns':['id'],"
        + $"'data':[{string.Join(',', Enumerable.Range(from, count).Select(id => $"[{id}]"))}]}}"
        + $"{(cursor is null ? "" : $",'list.cursor':{{'columns':[{columns}],'data':[{cursor}]}}")}}}";

    /// <summary>
    /// Whether the route is paged without cursor; the page for each start asked for; and what comes of it: the
    /// ids stored, how the body is, and the starts that were asked for.
    /// </summary>
    public static TheoryData<string, bool, string, string> Routes =>
        new()
        {
            { "one page without cursor", false, "0:" + Page(0, 3), "Body 0,1,2 as it came; asked 0" },
            { "a cursor of one page", false, "0:" + Page(0, 3, "[0,3,20]"), "Body 0,1,2 as it came; asked 0" },
            {
                "a full last page",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:" + Page(2, 2, "[2,4,2]"),
                "Body 0,1,2,3 in 2 pages; asked 0 2"
            },
            {
                "a short last page",
                false,
                "0:" + Page(0, 2, "[0,3,2]") + "|2:" + Page(2, 1, "[2,3,2]"),
                "Body 0,1,2 in 2 pages; asked 0 2"
            },
            {
                "further columns in the cursor",
                false,
                "0:"
                    + Page(0, 2, "[0,3,2,'2020-01-01',null]", "'INDEX','TOTAL','PAGESIZE','PREV_DATE','NEXT_DATE'")
                    + "|2:"
                    + Page(2, 1, "[null,2,3,2]", "'prev_date','index','total','pagesize'"),
                "Body 0,1,2 in 2 pages; asked 0 2"
            },
            {
                "no cursor, ended by an answer without rows",
                true,
                "0:" + Page(0, 2) + "|2:" + Page(2, 2) + "|4:" + Page(4, 0),
                "Body 0,1,2,3 in 2 pages; asked 0 2 4"
            },
            {
                "pages smaller than asked for",
                true,
                "0:" + Page(0, 1) + "|1:" + Page(1, 3) + "|4:" + Page(4, 1) + "|5:" + Page(5, 0),
                "Body 0,1,2,3,4 in 3 pages; asked 0 1 4 5"
            },
            {
                "one page and nothing after it",
                true,
                "0:" + Page(0, 2) + "|2:" + Page(2, 0),
                "Body 0,1 as it came; asked 0 2"
            },
            { "nothing at all", true, "0:" + Page(0, 0), "Empty; asked 0" },
            { "nothing at all, with a cursor", false, "0:" + Page(0, 0, "[0,0,20]"), "Empty; asked 0" },
            {
                "no rows, and a cursor that says there are some",
                false,
                "0:" + Page(0, 0, "[0,71,20]"),
                "Permanent no rows in page 1, expected 71, the cursor's TOTAL" + Advice + "; asked 0"
            },
            {
                "a page without rows in the middle",
                false,
                "0:" + Page(0, 2, "[0,5,2]") + "|2:" + Page(2, 0, "[2,5,2]") + "|4:" + Page(4, 1, "[4,5,2]"),
                "Permanent 3 rows in 3 pages, expected 5, the cursor's TOTAL" + Advice + "; asked 0 2 4"
            },
            {
                "a route that repeats its page",
                true,
                "0:" + Page(0, 2) + "|2:" + Page(0, 2),
                "Permanent page 2 with the rows of the page before, expected other rows: the route seems to ignore "
                    + "start"
                    + Advice
                    + "; asked 0 2"
            },
            {
                "a route with a cursor that repeats its page",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:" + Page(0, 2, "[0,4,2]"),
                "Permanent page 2 with the rows of the page before, expected other rows: the route seems to ignore "
                    + "start"
                    + Advice
                    + "; asked 0 2"
            },
            {
                "page size 0",
                false,
                "0:" + Page(0, 2, "[0,4,0]"),
                "Permanent PAGESIZE 0 in page 1, expected 1 or more" + Advice + "; asked 0"
            },
            {
                "page size -1",
                false,
                "0:" + Page(0, 2, "[0,4,-1]"),
                "Permanent PAGESIZE -1 in page 1, expected 1 or more" + Advice + "; asked 0"
            },
            {
                "fewer rows than the total",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:" + Page(2, 1, "[2,4,2]"),
                "Permanent 3 rows in 2 pages, expected 4, the cursor's TOTAL" + Advice + "; asked 0 2"
            },
            {
                "more rows than the total",
                false,
                "0:" + Page(0, 5, "[0,4,20]"),
                "Permanent 5 rows in 1 pages, expected 4, the cursor's TOTAL" + Advice + "; asked 0"
            },
            {
                "another total",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:" + Page(2, 2, "[2,5,2]"),
                "Permanent TOTAL 5 in page 2, expected 4 as in the page before: the list has changed while it was read"
                    + Advice
                    + "; asked 0 2"
            },
            {
                "another index",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:" + Page(2, 2, "[0,4,2]"),
                "Permanent INDEX 0 in page 2, expected 2, which was asked for" + Advice + "; asked 0 2"
            },
            {
                "a cursor without page size",
                false,
                "0:" + Page(0, 2, "[0,4]", "'INDEX','TOTAL'"),
                "Permanent \"INDEX,TOTAL\", expected INDEX, TOTAL and PAGESIZE, whole numbers, in block list.cursor"
                    + Advice
                    + "; asked 0"
            },
            {
                "a cursor of null",
                false,
                "0:" + Page(0, 2, "[0,null,2]"),
                "Permanent \"[[0,null,2]]\", expected INDEX, TOTAL and PAGESIZE, whole numbers, in block list.cursor"
                    + Advice
                    + "; asked 0"
            },
            {
                "a cursor without row",
                false,
                "0:" + Page(0, 2, ""),
                "Permanent \"[]\", expected INDEX, TOTAL and PAGESIZE, whole numbers, in block list.cursor"
                    + Advice
                    + "; asked 0"
            },
            {
                "a second page without cursor",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:" + Page(2, 2),
                "Permanent no block list.cursor in page 2, expected one, as in the page before" + Advice + "; asked 0 2"
            },
            {
                "a second page without the block",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:{}",
                "Permanent no block list in page 2, expected the same blocks in all pages" + Advice + "; asked 0 2"
            },
            {
                "an error in the second page",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:{'list':{'columns':['ERROR_MESSAGE'],'data':[['gone']]}}",
                "Permanent the error \"gone\", expected a block list; the service refuses the request: the table "
                    + "keeps the old rows; check Moex__IssUrl, and the exchange's notices; asked 0 2"
            },
            {
                "a fault in the second page",
                false,
                "0:" + Page(0, 2, "[0,4,2]") + "|2:404",
                "Permanent status 404, expected status 200; asked 0 2"
            },
            {
                "an answer of another layout",
                false,
                "0:{'other':{'columns':[],'data':[]}}",
                "Body  as it came; asked 0"
            },
        };

    [Theory, MemberData(nameof(Routes))]
    public async Task Routes_are_read_to_their_end(string what, bool paged, string pages, string expected)
    {
        Assert.NotEmpty(what);
        using var fetched = await FetchAsync(paged, start =>
            pages.Split('|').FirstOrDefault(page => page.StartsWith($"{start}:", StringComparison.Ordinal)) is { } page
                ? page[(page.IndexOf(':', StringComparison.Ordinal) + 1)..]
                : "404"
        );
        Assert.Equal(expected, await WordsAsync(fetched));
    }

    [Fact]
    public async Task A_route_without_end_is_left_after_so_many_pages()
    {
        using var fetched = await FetchAsync(paged: true, start => Page(start, 1));
        Assert.Equal(Meaning.Permanent, fetched.Verdict.Meaning);
        Assert.Equal(($"more than {IssPages.MaxPages} pages", IssPages.MaxPages), (fetched.Verdict.Seen, asked.Count));
    }

    [Fact]
    public async Task Pages_that_are_too_much_together_are_not_kept()
    {
        using var fetched = await FetchAsync(
            paged: true,
            start => Page(start, 1) + new string(' ', 40_000),
            maxBytes: 100_000
        );
        Assert.Equal("pages of more than 100000 bytes together", fetched.Verdict.Seen);
    }

    [Fact]
    public async Task Several_pages_are_stored_as_they_came_in_one_array_without_the_marks_before_them()
    {
        var one = "\uFEFF" + Page(0, 2, "[0,3,2]");
        var other = "\uFEFF " + Page(2, 1, "[2,3,2]") + "\n";
        using var fetched = await FetchAsync(paged: false, start => start == 0 ? one : other);
        Assert.Equal(
            ("[" + one[1..] + ",\n" + other[1..] + "]").Replace('\'', '"'),
            new StreamReader(fetched.Body!).ReadToEnd()
        );
        // The validators of one page say nothing of the others.
        Assert.Equal(
            ("", "", "https://iss.example/list.json?iss.meta=off"),
            (fetched.ETag, fetched.LastModified, fetched.Request.Url.AbsoluteUri)
        );
    }

    /// <summary>Gets the list from a server that answers each start with a page (single quotes) or a status.</summary>
    private async Task<FetchResult> FetchAsync(bool paged, Func<int, string> page, long maxBytes = 1 << 20)
    {
        var clock = new HastyClock(new DateTimeOffset(2026, 11, 22, 0, 0, 0, TimeSpan.Zero), TimeSpan.FromSeconds(100));
        using var client = new SourceClient(Holders.Source.Courtesy, new Server(this, page), clock, () => 0.5);
        return await new IssPages("list", paged).FetchAsync(
            new FetchContext(
                Holders.Slice("market-capitalisation/last-day"),
                new SliceRow(Holders.Slice("market-capitalisation/last-day")),
                client,
                Holders.Context
            ),
            new SourceRequest(new Uri("https://iss.example/list.json?iss.meta=off"), "json", maxBytes),
            answer =>
                answer.Status == 200
                    ? Verdict.Good
                    : Verdict.Permanent($"status {answer.Status}", "status 200", "asked"),
            CancellationToken.None
        );
    }

    private async Task<string> WordsAsync(FetchResult fetched)
    {
        var words = $"{fetched.Verdict.Meaning}";
        if (fetched.Verdict.Meaning == Meaning.Body)
        {
            var (pages, _) = await IssAnswer.ReadAsync(fetched.Body!, CancellationToken.None);
            words +=
                $" {string.Join(',', pages.SelectMany(page => page.Block("list")?.Rows ?? []).Select(row => row[0].Text))} {(pages.Count == 1 ? "as it came" : $"in {pages.Count} pages")}";
            Assert.Equal(pages.Count == 1, fetched.Answer!.Head.Span[0] == '{');
        }
        else if (fetched.Verdict.Meaning == Meaning.Permanent)
        {
            words +=
                $" {fetched.Verdict.Seen}, expected "
                + $"{fetched.Verdict.Expected}"
                + $"{(fetched.Verdict.Advice == "asked" ? "" : $"; {fetched.Verdict.Advice}")}";
        }

        return $"{words}; asked {string.Join(' ', asked)}";
    }

    private sealed class Server(IssPagesTests test, Func<int, string> page) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            var start = HttpUtility.ParseQueryString(request.RequestUri!.Query)["start"] ?? "0";
            test.asked.Add(start);
            var text = page(int.Parse(start, CultureInfo.InvariantCulture));
            if (text == "404")
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotFound));
            var response = new HttpResponseMessage
            {
                Content = new ByteArrayContent(Encoding.UTF8.GetBytes(text.Replace('\'', '"'))),
            };
            response.Headers.TryAddWithoutValidation("ETag", $"\"{start}\"");
            response.Content.Headers.LastModified = DateTimeOffset.UnixEpoch;
            return Task.FromResult(response);
        }
    }
}

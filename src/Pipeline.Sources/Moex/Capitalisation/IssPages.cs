using System.Globalization;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Storage;

namespace Pipeline.Sources.Moex.Capitalisation;

/// <summary>
/// Gets a route of the exchange's data service with all its pages (moex.md, section 1.3). A block <c>x.cursor</c> says
/// where the next page begins; a route that is paged without one is asked until an answer has no rows. One page is
/// stored as it came, several as a JSON array of the answers.
/// </summary>
/// <param name="block">The block whose rows are counted.</param>
/// <param name="paged">Whether the route has pages although it has no cursor.</param>
internal sealed class IssPages(string block, bool paged)
{
    /// <summary>The most pages asked for; a route that wants more is not understood.</summary>
    public const int MaxPages = 500;

    private const string Advice =
        "nothing was loaded; the last page is kept; the next plan asks again, and if it stays so adapt the reader";

    /// <summary>The cursor's row.</summary>
    private readonly record struct Cursor(long Index, long Total, long PageSize);

    /// <summary>Gets the route.</summary>
    /// <param name="fetching">The pull.</param>
    /// <param name="first">The request of the first page.</param>
    /// <param name="judge">What an answer means.</param>
    /// <param name="cancellationToken">Stops the requests.</param>
    public async Task<FetchResult> FetchAsync(
        FetchContext fetching,
        SourceRequest first,
        Func<Answer, Verdict> judge,
        CancellationToken cancellationToken
    )
    {
        FetchResult? page = await fetching.SendConditionalAsync(first, judge, cancellationToken);
        var pages = new Pages();
        // The newest page with rows: it is put behind the others once it is known not to be the only one.
        FetchResult? held = null;
        BodyFile? whole = null;
        try
        {
            while (true)
            {
                if (page.Verdict.Meaning is not (Meaning.Body or Meaning.Empty) || page.Body is null)
                    return page;
                var (answer, finding) = await ReadAsync(page, cancellationToken);
                var meaning = answer is null ? null : MoexAnswers.Meaning(answer, block);
                if (meaning is { Meaning: Meaning.Permanent })
                {
                    return page with { Verdict = meaning };
                }
                // A single answer goes to the reader, which says what is wrong with it; of several there is nothing to
                // hand on.
                if (answer?.Block(block) is not { } rows)
                {
                    return held is null
                        ? page
                        : Failed(
                            page,
                            finding?.Seen ?? $"no block {block} in page {pages.Count + 1}",
                            finding?.Expected ?? "the same blocks in all pages"
                        );
                }

                if (!TryCursor(answer, out var cursor, out var wrong))
                    return Failed(page, wrong, $"INDEX, TOTAL and PAGESIZE, whole numbers, in block {block}.cursor");
                // Without rows is how a route without cursor ends; a first page without rows is all there is.
                if (meaning is not null && held is null && !(cursor?.Total > 0))
                {
                    return page with { Verdict = meaning };
                }
                if (cursor is null && !paged)
                {
                    return held is null
                        ? page
                        : Failed(
                            page,
                            $"no block {block}.cursor in page {pages.Count + 1}",
                            "one, as in the page before"
                        );
                }

                if (pages.Add(rows, cursor) is { } fault)
                    return Failed(page, fault.Seen, fault.Expected);
                if (rows.Rows.Count > 0)
                {
                    if (held is not null)
                    {
                        whole = await AppendAsync(whole, held, cancellationToken);
                        held.Dispose();
                    }
                    held = page;
                }
                else if (held is null)
                {
                    return Failed(page, "no rows in page 1", $"{cursor?.Total}, the cursor's TOTAL");
                }
                else
                {
                    page.Dispose();
                }

                page = held;
                if (pages.Next is not { } next)
                    break;
                if (whole?.Length > first.MaxBytes)
                {
                    return Failed(
                        page,
                        $"pages of more than {first.MaxBytes} bytes together",
                        $"at most {first.MaxBytes} bytes"
                    );
                }

                if (pages.Count >= MaxPages)
                    return Failed(page, $"more than {MaxPages} pages", $"at most {MaxPages}");
                page = await fetching.SendAsync(At(first, next), judge, cancellationToken);
            }
            if (whole is null)
                return page;
            whole = await AppendAsync(whole, page, cancellationToken);
            await whole.WriteAsync("]"u8.ToArray(), cancellationToken);
            // The validators of one page are not those of the whole.
            using var none = new HttpResponseMessage();
            var assembled = FetchResult.Assembled(
                first,
                page.Answer! with
                {
                    Headers = none.Headers,
                    LastModified = null,
                },
                whole
            );
            (whole, page) = (null, null);
            return assembled;
        }
        catch
        {
            page?.Dispose();
            throw;
        }
        finally
        {
            if (held is not null && held != page)
                held.Dispose();
            if (whole is not null)
                await whole.DisposeAsync();
        }
    }

    private static FetchResult Failed(FetchResult page, string seen, string expected)
    {
        return page with { Verdict = Verdict.Permanent(seen, expected, Advice) };
    }

    private static async Task<(IssAnswer? Answer, Finding? Finding)> ReadAsync(
        FetchResult page,
        CancellationToken cancellationToken
    )
    {
        var (answers, finding) = await IssAnswer.ReadAsync(page.Body!, cancellationToken);
        return (answers is [var answer] ? answer : null, finding);
    }

    private bool TryCursor(IssAnswer answer, out Cursor? cursor, out string wrong)
    {
        (cursor, wrong) = (null, "");
        if (answer.Block($"{block}.cursor") is not { } found)
            return true;
        var numbers = new long[3];
        for (var at = 0; at < 3; at++)
        {
            // Further columns, such as PREV_DATE, are not needed here.
            var column = found.Find(((string[])["INDEX", "TOTAL", "PAGESIZE"])[at], out var finding);
            wrong = finding?.Seen ?? Finding.Quote(found.Data);
            if (
                column < 0
                || found.Rows is not [var row]
                || row.Count != found.Columns.Count
                || row[column].Number is not { } number
                || number != decimal.Truncate(number)
                || Math.Abs(number) > int.MaxValue
            )
            {
                return false;
            }

            numbers[at] = (long)number;
        }
        cursor = new Cursor(numbers[0], numbers[1], numbers[2]);
        return true;
    }

    private static async Task<BodyFile> AppendAsync(
        BodyFile? whole,
        FetchResult page,
        CancellationToken cancellationToken
    )
    {
        var file = whole ?? new BodyFile();
        try
        {
            await file.WriteAsync(whole is null ? "["u8.ToArray() : ",\n"u8.ToArray(), cancellationToken);
            var body = page.Body!;
            // A byte order mark belongs before a text, not into the middle of one.
            if (page.Answer!.Head.Span.StartsWith(Encoding.UTF8.Preamble))
                body.Position = Encoding.UTF8.Preamble.Length;
            await file.CopyFromAsync(body, long.MaxValue, cancellationToken);
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static SourceRequest At(SourceRequest first, long start) =>
        first with
        {
            Url = new Uri(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{first.Url.OriginalString}{(first.Url.Query.Length > 0 ? '&' : '?')}start={start}"
                )
            ),
        };

    /// <summary>What is known of the pages so far.</summary>
    private sealed class Pages
    {
        private Cursor? cursor;
        private string? data;
        private long rows;

        public int Count { get; private set; }

        /// <summary>Where the next page begins; null when there is none.</summary>
        public long? Next { get; private set; }

        /// <summary>Takes a page; gives what is wrong with it.</summary>
        public (string Seen, string Expected)? Add(IssBlock page, Cursor? its)
        {
            Count++;
            if (page.Rows.Count > 0 && page.Data == data)
            {
                return (
                    $"page {Count} with the rows of the page before",
                    "other rows: the route seems to ignore start"
                );
            }

            if (its is null && page.Rows.Count == 0)
            {
                Next = null;
                return null;
            }
            if (its is { } now)
            {
                if (now.PageSize <= 0)
                    return ($"PAGESIZE {now.PageSize} in page {Count}", "1 or more");
                if (now.Index != (Next ?? 0))
                    return ($"INDEX {now.Index} in page {Count}", $"{Next ?? 0}, which was asked for");
                if (cursor is { } before && before.Total != now.Total)
                {
                    return (
                        $"TOTAL {now.Total} in page {Count}",
                        $"{before.Total} as in the page before: the list has changed while it was read"
                    );
                }
            }
            (cursor, data) = (its, page.Data);
            rows += page.Rows.Count;
            if (its is not { } place)
            {
                Next = rows;
                return null;
            }
            Next = place.Index + place.PageSize < place.Total ? place.Index + place.PageSize : null;
            return Next is not null || rows == place.Total
                ? null
                : ($"{rows} rows in {Count} pages", $"{place.Total}, the cursor's TOTAL");
        }
    }
}

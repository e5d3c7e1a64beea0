using System.Globalization;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Formats;
using Pipeline.Storage;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// Files that an operator dropped into the container <c>curated</c>: the archive, its CSV, or four exports of the data
/// centre, whose names say flow and direction because their columns do not. Only files newer than the vintage in the
/// tables count: an older one would put back figures that have been replaced since.
/// </summary>
internal sealed class UnctadDrops(FetchContext fetching)
{
    private const string Archive = $"{UnctadRequests.FileName}.7z";
    private const string Table = $"{UnctadRequests.FileName}.csv";

    /// <summary>Names of the four exports: direction and measure are in them.</summary>
    private static readonly FdiPart[] Exports =
    [
        new(UnctadSlice.Inward, UnctadSlice.Flow),
        new(UnctadSlice.Inward, UnctadSlice.Stock),
        new(UnctadSlice.Outward, UnctadSlice.Flow),
        new(UnctadSlice.Outward, UnctadSlice.Stock),
    ];

    /// <summary>The dropped body and where it is from; without one, why there is none.</summary>
    public async Task<(FetchResult? Body, string Note)> FetchAsync(CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (var name in (string[])[Archive, Table])
        {
            if (await NewerAsync(name, problems, cancellationToken) is { } dropped)
                return (dropped, $"the figures are those of the file {name} in the container curated");
        }
        if (await ExportsAsync(problems, cancellationToken) is { } exports)
        {
            return (
                exports,
                $"the figures are those of the four files {UnctadRequests.FileName}.*.csv in the container curated"
            );
        }

        return (
            null,
            problems.Count > 0
                ? string.Join("; ", problems)
                : $"no file {Archive}, {Table} or {UnctadRequests.FileName}.inward-flow.csv (and three more) in the "
                    + "container curated"
        );
    }

    /// <summary>
    /// The file when it is there and newer than the tables; null otherwise, with what there is to say.
    /// </summary>
    private async Task<FetchResult?> NewerAsync(string name, List<string> problems, CancellationToken cancellationToken)
    {
        var fetched = await fetching.SendAsync(
            UnctadRequests.Dropped(name),
            answer => UnctadAnswers.Curated(answer, "it is not needed as long as UNCTAD answers"),
            cancellationToken
        );
        if (fetched.Verdict.Meaning == Meaning.Body && IsNewer(fetched))
            return fetched;
        if (fetched.Verdict.Meaning == Meaning.Body)
        {
            problems.Add(
                $"the file {name} in the container curated is of "
                    + $"{fetched.Answer!.LastModified ?? "an unknown date"}, not newer than the vintage in the "
                    + $"tables ({fetching.Vintage?.UtcDateTime:R})"
            );
        }
        else if (fetched.Verdict.Meaning != Meaning.Empty)
        {
            problems.Add(UnctadFetch.Failed("dropped file", fetched));
        }

        fetched.Dispose();
        return null;
    }

    /// <summary>The file that is loaded already is as good as a newer one.</summary>
    private bool IsNewer(FetchResult fetched) =>
        fetching.Vintage is null
        || fetched.Sha256 == fetching.Sha256
        || (
            DateTimeOffset.TryParseExact(
                fetched.Answer?.LastModified,
                "R",
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var dropped
            )
            && dropped > fetching.Vintage
        );

    /// <summary>
    /// The four exports as one body, a line before each that says what it is; null unless all four are there
    /// and newer.
    /// </summary>
    private async Task<FetchResult?> ExportsAsync(List<string> problems, CancellationToken cancellationToken)
    {
        var found = new List<FetchResult>();
        var file = new BodyFile();
        FetchResult? body = null;
        try
        {
            var lacking = new List<string>();
            foreach (var part in Exports)
            {
                var before = problems.Count;
                if (await NewerAsync(part.FileName, problems, cancellationToken) is { } fetched)
                    found.Add(fetched);
                else if (problems.Count == before)
                    lacking.Add(part.FileName);
            }
            if (found.Count is > 0 and < 4 && lacking.Count > 0)
            {
                problems.Add(
                    $"of the four exports in the container curated {string.Join(" and ", lacking)} "
                        + $"{(lacking.Count == 1 ? "is" : "are")} missing"
                );
            }

            if (found.Count < Exports.Length)
                return null;
            if (await CopiesAsync(found, problems, cancellationToken) is not { } copies)
                return null;
            // Exports that are plain CSV need no word on their form.
            var isPlain = copies.TrueForAll(copy => copy is { Separator: (byte)',', IsNamed: false });
            for (var at = 0; at < Exports.Length; at++)
            {
                var part = isPlain
                    ? Exports[at]
                    : Exports[at] with
                    {
                        Separator = copies[at].Separator,
                        FirstLine = copies[at].FirstLine,
                    };
                await AppendAsync(file, part, copies[at].Text, cancellationToken);
            }
            if (file.Length > UnctadRequests.MaxBody)
            {
                problems.Add(
                    $"the four exports in the container curated have more than {UnctadRequests.MaxBody} bytes together"
                );
                return null;
            }
            return body = FetchResult.Assembled(UnctadRequests.Dropped(Table), found[^1].Answer!, file);
        }
        finally
        {
            found.ForEach(fetched => fetched.Dispose());
            if (body is null)
                await file.DisposeAsync();
        }
    }

    /// <summary>The exports as UTF-8 text; null when the form of one is not certain.</summary>
    private static async Task<List<HandCopy>?> CopiesAsync(
        List<FetchResult> found,
        List<string> problems,
        CancellationToken cancellationToken
    )
    {
        var copies = new List<HandCopy>();
        for (var at = 0; at < found.Count; at++)
        {
            try
            {
                copies.Add(await FdiBody.OpenAsync(found[at].Body!, cancellationToken));
            }
            catch (CsvException e)
            {
                var finding = new Finding(
                    $"{Exports[at].FileName}, line {e.Line}",
                    e.Seen,
                    e.Expected ?? "CSV in UTF-8",
                    e.Remedy ?? "drop the file again"
                );
                problems.Add(finding.ToString());
            }
        }
        return copies.Count == found.Count ? copies : null;
    }

    private static async Task AppendAsync(BodyFile file, FdiPart part, Stream text, CancellationToken cancellationToken)
    {
        await file.WriteAsync(Encoding.UTF8.GetBytes($"{part.Line}\n"), cancellationToken);
        await file.CopyFromAsync(text, UnctadRequests.MaxBody, cancellationToken);
        if (file.Tail.Span[^1] != '\n')
            await file.WriteAsync("\n"u8.ToArray(), cancellationToken);
    }
}

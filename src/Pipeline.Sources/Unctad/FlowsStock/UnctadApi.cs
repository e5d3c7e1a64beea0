using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Storage;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// The user API as a way to the whole vintage: asked for all years at once and, where that is too large, in parts; the
/// answers, unpacked, one after another, each with its header line, are one body. Two versions are never mixed.
/// </summary>
internal sealed class UnctadApi(UnctadRequests requests, FetchContext fetching)
{
    /// <summary>The first year of the figures in the releases of today.</summary>
    public const int FirstYear = 1990;

    /// <summary>36 years that are all cut down to direction and flow are 287.</summary>
    private const int MaxRequests = 500;

    private const string Way = "user API";

    /// <summary>Gets the figures.</summary>
    /// <param name="released">The date of the release: no figure is of a later year.</param>
    /// <param name="cancellationToken">Stops the requests.</param>
    /// <returns>The body, or why there is none.</returns>
    public async Task<(FetchResult? Body, string Failure)> FetchAsync(
        string released,
        CancellationToken cancellationToken
    )
    {
        if (
            released.Length < 4
            || !int.TryParse(released.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            || last is < FirstYear or > 2200
        )
        {
            return (
                null,
                $"{Way} failed: seen {Finding.Quote(released)} as the date of the release, expected one that begins "
                    + "with its year"
            );
        }

        var (version, failure) = await VersionAsync(cancellationToken);
        if (version is null)
            return (null, failure);
        var all = new UnctadPart(FirstYear, last);
        var file = new BodyFile();
        FetchResult? body = null;
        try
        {
            (var answer, failure) = await PartsAsync(all, file, cancellationToken);
            if (answer is null)
                return (null, failure);
            (var after, failure) = await VersionAsync(cancellationToken);
            if (after is null)
                return (null, failure);
            if (after != version)
            {
                return (
                    null,
                    $"{Way} failed: seen version {after} after the last answer, expected {version} as before the "
                        + "first; the next plan tries again"
                );
            }

            body = FetchResult.Assembled(requests.Api(all), answer, file);
            return (body, "");
        }
        finally
        {
            if (body is null)
                await file.DisposeAsync();
        }
    }

    /// <summary>The version that the report has at the moment.</summary>
    private async Task<(string? Version, string Failure)> VersionAsync(CancellationToken cancellationToken)
    {
        using var fetched = await fetching.SendAsync(requests.Metadata(), UnctadAnswers.Json, cancellationToken);
        if (fetched.Verdict.Meaning != Meaning.Body)
            return (null, UnctadFetch.Failed(Way, fetched));
        return UnctadCatalogue.Version(fetched.Body!, out var finding) is { } version
            ? (version, "")
            : (null, $"{Way} failed: {finding}");
    }

    /// <summary>Asks for all parts and writes their rows; gives the last answer, or why there is none.</summary>
    private async Task<(Answer? Last, string Failure)> PartsAsync(
        UnctadPart all,
        BodyFile file,
        CancellationToken cancellationToken
    )
    {
        var parts = new Stack<UnctadPart>([all]);
        Answer? last = null;
        var hasRows = false;
        for (var asked = 1; parts.TryPop(out var part); asked++)
        {
            if (asked > MaxRequests)
            {
                return (
                    null,
                    $"{Way} failed: seen more than {MaxRequests} requests that are too large, expected fewer"
                );
            }

            using var fetched = await fetching.SendAsync(requests.Api(part), UnctadAnswers.Api, cancellationToken);
            if (fetched.Answer is { } answer && UnctadAnswers.IsTooLarge(answer) && part.Halves is [var one, var other])
            {
                parts.Push(other);
                parts.Push(one);
                continue;
            }
            if (fetched.Verdict.Meaning != Meaning.Body)
                return (null, UnctadFetch.Failed(Way, fetched));
            var (rows, seen) = await AppendAsync(file, fetched, cancellationToken);
            if (seen.Length > 0)
                return (null, $"{Way} failed: request {fetched.Request.Where} for {part.Filter}: seen {seen}");
            hasRows |= rows;
            last = fetched.Answer;
        }
        return hasRows ? (last, "") : (null, $"{Way} failed: seen no row for {all.Filter}, expected some");
    }

    /// <summary>Adds the text of an answer. Whether it has rows, and what is wrong with it.</summary>
    private static async Task<(bool Rows, string Seen)> AppendAsync(
        BodyFile file,
        FetchResult fetched,
        CancellationToken cancellationToken
    )
    {
        var packed = fetched.Answer!.Head.Span.StartsWith(UnctadAnswers.GzipSignature);
        await using var text = packed
            ? new GZipStream(fetched.Body!, CompressionMode.Decompress, leaveOpen: true)
            : fetched.Body!;
        var start = file.Length;
        try
        {
            var opening = new byte[Answer.EndBytes];
            var length = await text.ReadAtLeastAsync(
                opening,
                opening.Length,
                throwOnEndOfStream: false,
                cancellationToken
            );
            if (!UnctadAnswers.IsTable(opening.AsSpan(0, length)))
            {
                return (
                    false,
                    $"{Finding.Quote(System.Text.Encoding.UTF8.GetString(opening, 0, length))}, expected CSV"
                );
            }

            var header = opening.AsSpan(0, length).IndexOf((byte)'\n') + 1;
            await file.WriteAsync(opening.AsMemory(0, length), cancellationToken);
            await file.CopyFromAsync(text, UnctadRequests.MaxBody, cancellationToken);
            if (file.Length > UnctadRequests.MaxBody)
                return (false, $"more than {UnctadRequests.MaxBody} bytes in all, expected at most so many");
            var unpacked = file.Length - start;
            if (packed && BinaryPrimitives.ReadUInt32LittleEndian(fetched.Answer.Tail.Span[^4..]) != unpacked)
                return (false, $"{unpacked} bytes in a packed answer, expected as many as it declares");
            if (file.Tail.Span[^1] != '\n')
                await file.WriteAsync("\n"u8.ToArray(), cancellationToken);
            return (header > 0 && unpacked > header, "");
        }
        catch (InvalidDataException e)
        {
            return (false, $"{Finding.Quote(e.Message)}, expected a packed answer that can be unpacked");
        }
    }
}

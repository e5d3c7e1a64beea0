using System.Buffers.Binary;
using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Sources.Unctad;

/// <summary>
/// What the answers of UNCTAD's servers, and of the container <c>curated</c>, mean (unctad.md, section 3).
/// </summary>
internal static class UnctadAnswers
{
    private const string KeptAndRetry = "the body is kept; the next plan asks again";

    /// <summary>A cut-off body is asked for twice more, then reported.</summary>
    private const int CutOffRetries = 2;

    /// <summary>Refused credentials are asked with three times more: good ones are refused now and then.</summary>
    private const int UnauthorisedRetries = 3;

    private static readonly TimeSpan UnauthorisedPause = TimeSpan.FromSeconds(45);

    /// <summary>The signature, two bytes of version, three CRCs and sizes: what every 7z archive begins with.</summary>
    private const int ArchiveStart = 32;

    public static ReadOnlySpan<byte> ArchiveSignature => [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C];

    public static ReadOnlySpan<byte> GzipSignature => [0x1F, 0x8B];

    /// <summary>Catalogue, metadata and file list.</summary>
    public static Verdict Json(Answer answer)
    {
        if (answer.Status != 200)
            return Common(answer, "check Unctad__CatalogueUrl and the publisher's notices");
        if (answer.Length == 0)
            return Nothing("a JSON document");
        return TextOf(answer.Head.Span).TrimStart(" \r\n\t"u8) is [(byte)'{' or (byte)'[', ..]
            ? Verdict.Good
            : Verdict.Permanent(answer.InWords, "a JSON document", KeptAndRetry);
    }

    /// <summary>The bulk archive, by its own address or by the file list's.</summary>
    public static Verdict Archive(Answer answer)
    {
        const string expected = "a 7z archive, starting with 37 7A BC AF 27 1C";
        if (answer.Status == 304)
            return Verdict.NotModified;
        if (answer.Status != 200)
            return Common(answer, "check Unctad__BulkUrl and the publisher's notices");
        if (answer.Length == 0)
            return Nothing(expected);
        if (!answer.Head.Span.StartsWith(ArchiveSignature))
            return Verdict.Permanent(answer.InWords, expected, KeptAndRetry);
        return Whole(answer) is { } whole && answer.Length < whole
            ? Verdict.Retry(
                $"an archive of {answer.Length} bytes",
                $"{whole} bytes, as its first {ArchiveStart} declare",
                KeptAndRetry
            ) with
            {
                MaxRetries = CutOffRetries,
            }
            : Verdict.Good;
    }

    /// <summary>The user API.</summary>
    public static Verdict Api(Answer answer) =>
        answer.Status switch
        {
            200 when answer.Length == 0 => Nothing("CSV"),
            200 when answer.Head.Span.StartsWith(GzipSignature) || IsTable(answer.Head.Span) => Verdict.Good,
            200 => Verdict.Permanent(answer.InWords, "CSV", KeptAndRetry),
            401 => Verdict.Retry(
                answer.InWords,
                "accepted credentials",
                "set Unctad__ClientId and Unctad__ClientSecret to those of an account of UNCTAD's data centre"
            ) with
            {
                MaxRetries = UnauthorisedRetries,
                Pause = UnauthorisedPause,
            },
            _ => Common(answer, "check Unctad__ApiUrl and the publisher's notices"),
        };

    /// <summary>A file that people put into the container <c>curated</c>. Nothing there is nothing wrong.</summary>
    public static Verdict Curated(Answer answer, string advice) =>
        answer.Status switch
        {
            200 when answer.Length > 0 => Verdict.Good,
            200 => Verdict.Permanent($"an empty file {NameOf(answer)}", "CSV", "upload the file again"),
            204 or 404 => Verdict.Empty with
            {
                Seen = $"no file {NameOf(answer)} in the container curated",
                Advice = advice,
            },
            _ => Common(answer, "check the storage account"),
        };

    /// <summary>Whether the user API says that a request asks for more cells than one may.</summary>
    public static bool IsTooLarge(Answer answer) =>
        answer.Status == 400 && answer.Opening.Contains("exceed the maximal size", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a text is a table with a year: not a page, not JSON.</summary>
    public static bool IsTable(ReadOnlySpan<byte> text)
    {
        text = TextOf(text);
        var end = text.IndexOfAny((byte)'\r', (byte)'\n');
        var header = Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
        return header.Contains("Year", StringComparison.OrdinalIgnoreCase)
            && header.Contains(',', StringComparison.Ordinal)
            && header[0] is not ('<' or '{' or '[');
    }

    /// <summary>Bytes without the mark that some programs put before the text.</summary>
    public static ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;

    private static string NameOf(Answer answer) =>
        Finding.Quote(Uri.UnescapeDataString(answer.Request?.Url.AbsolutePath.TrimStart('/') ?? ""));

    private static Verdict Nothing(string expected) =>
        Verdict.Retry("status 200 without a body", expected, "the next plan tries again") with
        {
            MaxRetries = CutOffRetries,
        };

    /// <summary>
    /// How long the archive is by its own account; null when that is no number to believe, which the reader
    /// will say.
    /// </summary>
    private static long? Whole(Answer answer)
    {
        if (answer.Head.Length < ArchiveStart)
            return ArchiveStart;
        var (offset, size) = (
            BinaryPrimitives.ReadInt64LittleEndian(answer.Head.Span[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(answer.Head.Span[20..])
        );
        return offset is >= 0 and <= UnctadRequests.MaxBody && size is >= 0 and <= UnctadRequests.MaxBody
            ? ArchiveStart + offset + size
            : null;
    }

    private static Verdict Common(Answer answer, string check) =>
        answer.Status switch
        {
            >= 300 and < 400 => Verdict.Permanent(
                $"status {answer.Status} to {Finding.Quote(answer.Header("Location") ?? "nowhere")}",
                "an answer without redirect",
                $"redirects are not followed; if the service has moved, {check}"
            ),
            403 or 406 => Verdict.Permanent(
                answer.InWords,
                "status 200",
                "the publisher's firewall does not let programs through at the moment; drop the file into the "
                    + "container curated, or wait for the next plan"
            ),
            408 or 425 or 429 => Verdict.Retry(
                answer.InWords,
                "status 200",
                "the server asks for patience; the next plan tries again"
            ),
            < 500 => Verdict.Permanent(answer.InWords, "status 200", $"the request is not accepted: {check}"),
            _ => Verdict.Retry(answer.InWords, "status 200", "the service has a fault; the next plan tries again"),
        };
}

using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Moex.Capitalisation;

namespace Pipeline.Sources.Moex;

/// <summary>
/// What the answers of the exchange, the central bank, the depository and the curated container mean (moex.md,
/// sections 1.4, 2 and 3).
/// </summary>
internal static class MoexAnswers
{
    public const string ErrorAdvice =
        "the service refuses the request: the table keeps the old rows; check Moex__IssUrl, and the exchange's notices";

    private const string KeptAndRetry = "the body is kept; the next plan asks again";
    private const string Blocked =
        "the service has a fault, or it does not answer this network (blocked?); the next plan tries again";

    /// <summary>A cut-off body is asked for twice more, then reported.</summary>
    private const int CutOffRetries = 2;

    /// <summary>How long a server that is asked too often is left alone, unless it says how long itself.</summary>
    private static readonly TimeSpan LongPause = TimeSpan.FromMinutes(1);

    /// <summary>
    /// What the blocks of an answer say of it as a whole; null when there are rows, or a layout that is for
    /// the reader to complain about.
    /// </summary>
    public static Verdict? Meaning(IssAnswer answer, string block)
    {
        if (answer.Error is { } error)
            return Verdict.Permanent($"the error {Finding.Quote(error)}", $"a block {block}", ErrorAdvice);
        return answer.Block(block) is { Rows.Count: 0 } ? Verdict.Empty : null;
    }

    /// <summary>No answer at all may be a fault of the network, or a server that does not answer this one.</summary>
    public static FetchResult SayBlocked(FetchResult fetched)
    {
        if (fetched.Answer is not null || fetched.Verdict.Meaning != Datasets.Meaning.Retry)
            return fetched;
        const string Advice =
            "check the address and the network; the server may not answer this one (blocked?); the next plan tries "
            + "again";
        return fetched with { Verdict = fetched.Verdict with { Advice = Advice } };
    }

    public static Verdict Iss(SourceRequest request, Answer answer)
    {
        const string expected = "a JSON object of blocks";
        switch (answer.Status)
        {
            case 304:
                return Verdict.NotModified;
            case >= 200 and < 300:
                break;
            case >= 300 and < 400:
                return Redirect(request, answer, "Moex__IssUrl");
            case 403 when answer.Opening.Contains("Too Many Requests", StringComparison.OrdinalIgnoreCase):
            case 408 or 429:
                return Patience(answer);
            case 401 or 403:
                return Verdict.Permanent(
                    answer.InWords,
                    "status 200",
                    "the exchange does not let this request in: check Moex__IssUrl; it may not serve this network "
                        + "(blocked?); an empty Moex__IssUrl switches the dataset off"
                );
            case < 500:
                return Verdict.Permanent(
                    answer.InWords,
                    "status 200",
                    "the route is not known or the request not accepted: check Moex__IssUrl, and the exchange's notices"
                );
            default:
                return Verdict.Retry(answer.InWords, "status 200", Blocked);
        }
        if (answer.Length == 0)
        {
            // The header alone says nothing: public answers carry it too.
            return
                answer.Header("X-MicexPassport-Marker") is { } marker
                && marker.Contains("denied", StringComparison.OrdinalIgnoreCase)
                ? Verdict.Permanent(
                    $"{answer.InWords}, X-MicexPassport-Marker: {marker}",
                    expected,
                    "the exchange sells these figures: they need a subscription; an empty Moex__IssUrl switches the "
                        + "dataset off"
                )
                : Verdict.Retry(answer.InWords, expected, KeptAndRetry) with
                {
                    MaxRetries = CutOffRetries,
                };
        }
        if (IsHtml(answer) || !Starts(answer, (byte)'{'))
        {
            return Verdict.Permanent(
                answer.InWords,
                expected,
                "a wrong route, a login page or a page that blocks: the body is kept; check Moex__IssUrl"
            );
        }

        if (!Ends(answer, (byte)'}'))
        {
            return Verdict.Retry(
                $"a JSON body of {answer.Length} bytes that does not end in }}",
                "a complete JSON object",
                KeptAndRetry
            ) with
            {
                MaxRetries = CutOffRetries,
            };
        }
        // What is longer is looked at when it is here as a whole.
        return
            answer.Length <= Answer.EndBytes
            && IssAnswer.Read(answer.Head).Answer is { } blocks
            && Meaning(blocks, CapitalisationBody.Block) is { } meaning
            ? meaning
            : Verdict.Good;
    }

    public static Verdict Ofz(Answer answer)
    {
        switch (answer.Status)
        {
            case 304:
                return Verdict.NotModified;
            case 200:
                break;
            case >= 300 and < 400:
                return Verdict.Permanent(
                    $"status {answer.Status} to {Finding.Quote(answer.Header("Location") ?? "nowhere")}",
                    "an answer without redirect",
                    "redirects are not followed; the table has moved before: update Moex__OfzTableUrl"
                );
            case 404 or 410:
                return Verdict.Permanent(
                    answer.InWords,
                    "status 200",
                    "the table has moved before: find it on the Bank of Russia's site and update Moex__OfzTableUrl"
                );
            case 408 or 425 or 429:
                return Patience(answer);
            case < 500:
                return Verdict.Permanent(
                    answer.InWords,
                    "status 200",
                    "the request is not accepted: check Moex__OfzTableUrl"
                );
            default:
                return Verdict.Retry(
                    answer.InWords,
                    "status 200",
                    "the service has a fault; the next plan tries again"
                );
        }
        if (!answer.Head.Span.StartsWith("PK\u0003\u0004"u8))
        {
            return Verdict.Permanent(
                answer.InWords,
                "a workbook, starting with PK",
                "the body is kept; check that Moex__OfzTableUrl is the address of the file itself"
            );
        }

        return answer.Tail.Span.LastIndexOf("PK\u0005\u0006"u8) >= 0
            ? Verdict.Good
            : Verdict.Retry(
                $"a workbook of {answer.Length} bytes without its end",
                "a complete workbook",
                KeptAndRetry
            ) with
            {
                MaxRetries = CutOffRetries,
            };
    }

    public static Verdict Nsd(Answer answer)
    {
        const string expected = "a JSON array";
        switch (answer.Status)
        {
            case >= 200 and < 300:
                break;
            case >= 300 and < 400:
                return Verdict.Permanent(
                    $"status {answer.Status} to {Finding.Quote(answer.Header("Location") ?? "nowhere")}",
                    "an answer without redirect",
                    "redirects are not followed; check Moex__NsdUrl"
                );
            case 401:
                return Verdict.Permanent(
                    answer.InWords,
                    "an accepted API key",
                    "set Moex__NsdApiKey to a key with the right to this method; without a key the dataset is off"
                );
            case < 500:
                return Verdict.Permanent(
                    answer.InWords,
                    "status 200",
                    "the request is not accepted: check Moex__NsdUrl; the method's address is not documented"
                );
            default:
                return Verdict.Retry(answer.InWords, "status 200", Blocked);
        }
        if (answer.Length == 0)
            return Verdict.Retry(answer.InWords, expected, KeptAndRetry) with { MaxRetries = CutOffRetries };
        if (IsHtml(answer) || !Starts(answer, (byte)'['))
            return Verdict.Permanent(answer.InWords, expected, "the body is kept; check Moex__NsdUrl");
        if (!Ends(answer, (byte)']'))
        {
            return Verdict.Retry(
                $"a JSON body of {answer.Length} bytes that does not end in ]",
                "a complete JSON array",
                KeptAndRetry
            ) with
            {
                MaxRetries = CutOffRetries,
            };
        }

        return answer.Length <= Answer.EndBytes && Text(answer.Head.Span)[1..^1].Trim(Blanks).IsEmpty
            ? Verdict.Empty
            : Verdict.Good;
    }

    public static Verdict Holders(SourceRequest request, Answer answer) =>
        answer switch
        {
            { Status: 404 } => Verdict.Empty with
            {
                Seen =
                    $"no file {Finding.Quote(Uri.UnescapeDataString(request.Url.AbsolutePath[1..]))} in the "
                    + $"container {Storage.Names.CuratedContainer}",
                Advice = "put it there, or set Moex__HoldersFile to the empty string",
            },
            { Status: 200, Length: 0 } => Verdict.Permanent(
                "an empty file",
                "a header and a row for each statement",
                "put the file into the container again; an empty Moex__HoldersFile switches the dataset off"
            ),
            { Status: 200 } => Verdict.Good,
            _ => Verdict.Retry(answer.InWords, "status 200", "the storage has a fault; the next plan tries again"),
        };

    private static Verdict Redirect(SourceRequest request, Answer answer, string setting)
    {
        var location = answer.Header("Location");
        var elsewhere =
            Uri.TryCreate(request.Url, location, out var target)
            && !string.Equals(target.Authority, request.Url.Authority, StringComparison.OrdinalIgnoreCase);
        return Verdict.Permanent(
            $"status {answer.Status} to {Finding.Quote(location ?? "nowhere")}{(elsewhere ? ", another host" : "")}",
            "an answer without redirect",
            $"redirects are not followed; if the service has moved, set {setting}"
        );
    }

    private static Verdict Patience(Answer answer) =>
        Verdict.Retry(answer.InWords, "status 200", "the server asks for patience; the next plan tries again") with
        {
            Pause = LongPause,
        };

    private static bool IsHtml(Answer answer) =>
        answer.ContentType.Contains("html", StringComparison.Ordinal) || answer.Opening.StartsWith('<');

    private static ReadOnlySpan<byte> Blanks => " \r\n\t"u8;

    /// <summary>Bytes of a text without a byte order mark and blanks around.</summary>
    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> bytes) =>
        (bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes).Trim(Blanks);

    private static bool Starts(Answer answer, byte with) => Text(answer.Head.Span) is [var first, ..] && first == with;

    private static bool Ends(Answer answer, byte with) => Text(answer.Tail.Span) is [.., var last] && last == with;
}

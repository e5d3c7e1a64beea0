using System.Text;
using System.Text.Json;
using Pipeline.Datasets;
using Pipeline.Issues;

namespace Pipeline.Sources.Census;

/// <summary>What the answers of the two servers mean.</summary>
internal static class CensusAnswers
{
    private const string SetKey =
        "set Census__ApiKey to an active key, free at https://api.census.gov/data/key_signup.html";
    private const string KeptAndRetry = "the body is kept; the next plan asks again";

    /// <summary>A cut-off body is asked for twice more, then reported.</summary>
    private const int CutOffRetries = 2;

    public static Verdict Api(Answer answer)
    {
        var opening = answer.Opening;
        if (
            answer.Header("X-DataWebAPI-KeyError") is not null
            || (
                answer.Status is >= 300 and < 400
                && answer.Header("Location") is { } key
                && key.Contains("_key.html", StringComparison.Ordinal)
            )
        )
        {
            return Verdict.Permanent(
                $"status {answer.Status} to {Finding.Quote(answer.Header("Location") ?? "the key page")}",
                "an accepted API key",
                SetKey
            );
        }

        switch (answer.Status)
        {
            case 204:
                return Verdict.Empty;
            case 304:
                return Verdict.NotModified;
            case 200:
                break;
            case 400 when UnknownVariable(opening) is { } column:
                return Verdict.Permanent(
                    answer.InWords,
                    $"the column {column}",
                    "the API no longer has the column: see its list of variables, adapt the reader, then replay"
                );
            default:
                return Common(answer);
        }
        if (IsMaintenance(opening))
        {
            return Verdict.Retry(
                answer.InWords,
                "a JSON array of arrays",
                "the service is under maintenance; the next plan tries again"
            );
        }

        if (
            IsHtml(answer)
            && (
                opening.Contains("Missing Key", StringComparison.OrdinalIgnoreCase)
                || opening.Contains("Invalid Key", StringComparison.OrdinalIgnoreCase)
                || opening.Contains("valid API key", StringComparison.OrdinalIgnoreCase)
                || opening.Contains("key is not valid", StringComparison.OrdinalIgnoreCase)
            )
        )
        {
            return Verdict.Permanent(answer.InWords, "an accepted API key", SetKey);
        }

        if (answer.Length == 0)
        {
            return Verdict.Retry(
                "status 200 without a body",
                "a JSON array of arrays",
                "the next plan tries again"
            ) with
            {
                MaxRetries = CutOffRetries,
            };
        }

        if (IsHtml(answer) || !Starts(answer, "["u8))
            return Verdict.Permanent(answer.InWords, "a JSON array of arrays", KeptAndRetry);
        if (!EndsAsArrays(answer))
        {
            return Verdict.Retry(
                $"a JSON body of {answer.Length} bytes that does not end in ]]",
                "a complete JSON array of arrays",
                KeptAndRetry
            ) with
            {
                MaxRetries = CutOffRetries,
            };
        }

        return IsHeaderOnly(answer) ? Verdict.Empty : Verdict.Good;
    }

    public static Verdict Balance(Answer answer)
    {
        if (answer.Status == 304)
            return Verdict.NotModified;
        if (answer.Status != 200)
            return Common(answer);
        if (!Starts(answer, "PK\u0003\u0004"u8))
            return Verdict.Permanent(answer.InWords, "a workbook, starting with PK", KeptAndRetry);
        if (answer.Tail.Span.LastIndexOf("PK\u0005\u0006"u8) < 0)
        {
            return Verdict.Retry(
                $"a workbook of {answer.Length} bytes without its end",
                "a complete workbook",
                KeptAndRetry
            ) with
            {
                MaxRetries = CutOffRetries,
            };
        }

        return Verdict.Good;
    }

    private static Verdict Common(Answer answer) =>
        answer.Status switch
        {
            >= 300 and < 400 => Verdict.Permanent(
                $"status {answer.Status} to {Finding.Quote(answer.Header("Location") ?? "nowhere")}",
                "an answer without redirect",
                "redirects are not followed; if the service has moved, set Census__BaseUrl or Census__CountryFileUrl"
            ),
            408 or 425 or 429 => Verdict.Retry(
                answer.InWords,
                "status 200",
                "the server asks for patience; the next plan tries again"
            ),
            >= 400 and < 500 => Verdict.Permanent(
                answer.InWords,
                "status 200",
                "the request is not accepted: check Census__BaseUrl and Census__CountryFileUrl, and the publisher's "
                    + "notices"
            ),
            _ => Verdict.Retry(answer.InWords, "status 200", "the service has a fault; the next plan tries again"),
        };

    /// <summary>The variable that the API says it does not know; null when it says something else.</summary>
    private static string? UnknownVariable(string opening)
    {
        const string words = "unknown variable '";
        var at = opening.IndexOf(words, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
            return null;
        var name = opening[(at + words.Length)..].Split('\'')[0];
        return name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') ? name : null;
    }

    private static bool IsMaintenance(string opening) =>
        opening.Contains("undergoing maintenance", StringComparison.OrdinalIgnoreCase);

    private static bool IsHtml(Answer answer) =>
        answer.ContentType.Contains("html", StringComparison.Ordinal) || answer.Opening.StartsWith('<');

    private static bool Starts(Answer answer, ReadOnlySpan<byte> with) =>
        Text(answer).Span.TrimStart(" \r\n\t"u8).StartsWith(with);

    /// <summary>The beginning of the body without a byte order mark.</summary>
    private static ReadOnlyMemory<byte> Text(Answer answer) =>
        answer.Head.Span.StartsWith(Encoding.UTF8.Preamble)
            ? answer.Head[Encoding.UTF8.Preamble.Length..]
            : answer.Head;

    private static bool EndsAsArrays(Answer answer)
    {
        var tail = answer.Tail.Span.TrimEnd(" \r\n\t"u8);
        return tail.EndsWith("]"u8) && tail[..^1].TrimEnd(" \r\n\t"u8).EndsWith("]"u8);
    }

    private static bool IsHeaderOnly(Answer answer)
    {
        if (answer.Length > Answer.EndBytes)
            return false;
        try
        {
            using var json = JsonDocument.Parse(Text(answer));
            return json.RootElement.ValueKind == JsonValueKind.Array && json.RootElement.GetArrayLength() == 1;
        }
        catch (JsonException)
        {
            return false; // Not readable as a whole: the reader will say where and why.
        }
    }
}

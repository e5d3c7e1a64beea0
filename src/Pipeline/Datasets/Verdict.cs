using Pipeline.Issues;

namespace Pipeline.Datasets;

/// <summary>What an answer means for its slice.</summary>
public enum Meaning
{
    /// <summary>A body that can be read.</summary>
    Body,

    /// <summary>The server says that its body is the one we have (304).</summary>
    NotModified,

    /// <summary>No rows for this request.</summary>
    Empty,

    /// <summary>A passing fault: asking again may help.</summary>
    Retry,

    /// <summary>Asking again will not help before an operator or the publisher changes something.</summary>
    Permanent,
}

/// <summary>The meaning of an answer and, where it is a fault, the words for it.</summary>
/// <param name="Meaning">What it means.</param>
/// <param name="Seen">What came.</param>
/// <param name="Expected">What should have come.</param>
/// <param name="Advice">What to do.</param>
public sealed record Verdict(Meaning Meaning, string Seen = "", string Expected = "", string Advice = "")
{
    /// <summary>How often at most it makes sense to ask again for this fault.</summary>
    public int MaxRetries { get; init; } = int.MaxValue;

    /// <summary>The least pause before asking again, for faults that need patience.</summary>
    public TimeSpan Pause { get; init; }

    public static Verdict Good { get; } = new(Meaning.Body);
    public static Verdict NotModified { get; } = new(Meaning.NotModified);
    public static Verdict Empty { get; } = new(Meaning.Empty);

    public static Verdict Retry(string seen, string expected, string advice) =>
        new(Meaning.Retry, seen, expected, advice);

    public static Verdict Permanent(string seen, string expected, string advice) =>
        new(Meaning.Permanent, seen, expected, advice);

    /// <summary>An empty body is asked for twice more, then reported.</summary>
    private const int EmptyBodyRetries = 2;

    /// <summary>
    /// What the status of a response means where the publisher has no habits of its own. 204 and 404 say that there are
    /// no rows: whether there should be some is told by <see cref="IDataset.GetReleaseDate"/>.
    /// </summary>
    public static Verdict Of(Answer answer) =>
        answer.Status switch
        {
            200 when answer.Length == 0 => Retry(answer.InWords, "a body", "The next plan requests it again.") with
            {
                MaxRetries = EmptyBodyRetries,
            },
            200 => Good,
            304 => NotModified,
            204 or 404 => Empty,
            408 or 429 or >= 500 => Retry(answer.InWords, "status 200", "The next plan requests it again."),
            >= 300 and < 400 => Permanent(
                $"status {answer.Status} to {Finding.Quote(answer.Header("Location") ?? "nowhere")}",
                "status 200",
                "Redirects are not followed. Set the new address of the source."
            ),
            _ => Permanent(answer.InWords, "status 200", "Check the address in the settings of the source."),
        };
}

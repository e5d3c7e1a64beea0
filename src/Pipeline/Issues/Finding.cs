namespace Pipeline.Issues;

/// <summary>
/// One thing that was not as it should be, in the words every message of the pipeline has: where, what was seen, what
/// was expected, what to do.
/// </summary>
/// <param name="Where">The place: a setting, a slice, a row and column.</param>
/// <param name="Seen">What stands there, shortened to a printable length.</param>
/// <param name="Expected">What should stand there.</param>
/// <param name="Advice">What the reader of the message can do.</param>
public sealed record Finding(string Where, string Seen, string Expected, string Advice)
{
    /// <summary>The longest piece of outside text that a message repeats, in characters.</summary>
    public const int MaxQuote = 120;

    /// <summary>
    /// Outside text as a message may show it: quoted, without control characters, at most <see cref="MaxQuote"/> long.
    /// </summary>
    public static string Quote(ReadOnlySpan<char> text)
    {
        var cut =
            text.Length > MaxQuote
                ? text[..(char.IsHighSurrogate(text[MaxQuote - 1]) ? MaxQuote - 1 : MaxQuote)]
                : text;
        Span<char> clean = stackalloc char[cut.Length];
        for (var i = 0; i < cut.Length; i++)
            clean[i] = char.IsControl(cut[i]) ? ' ' : cut[i];
        return text.Length > MaxQuote ? $"\"{clean}…\"" : $"\"{clean}\"";
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Where}: seen {Seen}, expected {Expected}; {Advice}";
}

namespace Azure.Data.Tables.Rules;

/// <summary>Whether text can be written as UTF-8 without loss.</summary>
internal static class Text
{
    /// <param name="text">Any text.</param>
    /// <param name="at">Position of the first half of a surrogate pair that stands alone.</param>
    public static bool IsWellFormed(ReadOnlySpan<char> text, out int at)
    {
        for (at = text.IndexOfAnyInRange('\uD800', '\uDFFF'); at >= 0 && at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at])) continue;
            if (!char.IsHighSurrogate(text[at]) || at + 1 == text.Length || !char.IsLowSurrogate(text[at + 1])) return false;
            at++;
        }
        at = -1;
        return true;
    }
}

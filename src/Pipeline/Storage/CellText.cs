namespace Pipeline.Storage;

/// <summary>Texts of any length as a cell of a ledger table may hold them.</summary>
public static class CellText
{
    /// <summary>A cell holds 32,768 characters; a row 1 MiB, and readers of messages have less patience.</summary>
    public const int Limit = 8000;

    /// <summary>
    /// The text, or its first <see cref="Limit"/> characters and an ellipsis. No character is cut in two.
    /// </summary>
    public static string Cut(string text, int limit = Limit)
    {
        if (text.Length <= limit)
            return text;
        var length = char.IsHighSurrogate(text[limit - 1]) ? limit - 1 : limit;
        return text[..length] + "…";
    }
}

namespace Pipeline.Insight.Claims;

/// <summary>A piece of an expression.</summary>
/// <param name="Position">Where it begins, the first character being 1.</param>
/// <param name="Text">What it says; empty at the end.</param>
internal readonly record struct Token(int Position, string Text)
{
    public bool IsEnd => Text.Length == 0;
    public bool IsNumber => Text.Length > 0 && char.IsAsciiDigit(Text[0]);
    public bool IsName => Text.Length > 0 && char.IsAsciiLetterLower(Text[0]);
}

/// <summary>
/// Cuts an expression into pieces. A hyphen with a letter or digit on both sides belongs to the name before it: a minus
/// between two indicators has blanks around it.
/// </summary>
internal static class Tokens
{
    public static List<Token> Of(string text)
    {
        var tokens = new List<Token>();
        for (var at = 0; at < text.Length; )
        {
            var start = at;
            var c = text[at];
            if (c is ' ' or '\t')
            {
                at++;
                continue;
            }
            if (char.IsAsciiLetterLower(c))
            {
                while (
                    at < text.Length
                    && (IsWord(text[at]) || (text[at] == '-' && at + 1 < text.Length && IsWord(text[at + 1])))
                )
                {
                    at++;
                }
            }
            else if (c == '[')
            {
                // What stands in brackets is one piece: a key has rules of its own.
                at = text.IndexOf(']', at) is >= 0 and var end ? end + 1 : text.Length;
            }
            else if (char.IsAsciiDigit(c))
            {
                while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
                    at++;
            }
            else
            {
                at++;
            }

            tokens.Add(new Token(start + 1, text[start..at]));
        }
        tokens.Add(new Token(text.Length + 1, ""));
        return tokens;
    }

    private static bool IsWord(char c) => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_';
}

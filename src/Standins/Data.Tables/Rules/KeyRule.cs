using System.Buffers;
using System.Text;

namespace Azure.Data.Tables.Rules;

/// <summary>
/// What a PartitionKey or RowKey may be: at most 1 KiB (512 UTF-16 characters), none of <c>/ \ # ?</c>, no control character (U+0000–U+001F, U+007F–U+009F),
/// no half surrogate pair. https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
/// </summary>
internal static class KeyRule
{
    private static readonly SearchValues<char> Forbidden = SearchValues.Create(
        [.. "/\\#?", .. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(code => (char)code)]);

    /// <param name="table">For the message.</param>
    /// <param name="name">PartitionKey or RowKey.</param>
    /// <param name="key">The key to check; null means that an entity has none.</param>
    public static void Check(string table, string name, string? key)
    {
        if (key is null)
            throw ClientRule.Broken("PropertiesNeedValue", $"{table}: {name}", "seen null, expected a text; set it.");
        if (key.Length > ClientRule.MaxKeyLength)
        {
            throw ClientRule.Broken(
                "KeyValueTooLarge", $"{table}: {name} '{key[..20]}…'", $"seen {key.Length} characters, " +
                    $"expected at most {ClientRule.MaxKeyLength} (1 KiB); shorten the key.");
        }
        var at = key.AsSpan().IndexOfAny(Forbidden);
        if (at >= 0)
        {
            throw ClientRule.Broken(
                "OutOfRangeInput", $"{table}: {name} '{Printable(key)}'",
                $"seen {Name(key[at])} at position {at}, expected none of / \\ # ? and no control characters; replace it, e.g. by '|'.");
        }
        if (!Text.IsWellFormed(key, out at))
        {
            throw ClientRule.Broken(
                "OutOfRangeInput", $"{table}: {name} '{Printable(key)}'", $"seen {Name(key[at])}, half of a surrogate pair, at position {at}, " +
                    $"expected whole characters; correct the key.");
        }
    }

    private static string Name(char character) => character is '/' or '\\' or '#' or '?' ? $"'{character}'" : $"U+{(int)character:X4}";

    private static string Printable(string key)
    {
        var text = new StringBuilder(key.Length);
        foreach (var character in key)
            text.Append(char.IsControl(character) || char.IsSurrogate(character) ? $"\\u{(int)character:X4}" : character);
        return text.ToString();
    }
}

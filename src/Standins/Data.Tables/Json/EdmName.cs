using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Azure.Data.Tables.Rules;

namespace Azure.Data.Tables.Json;

/// <summary>A property's name, checked and encoded once: as it is, and with <c>@odata.type</c>.</summary>
internal sealed class EdmName
{
    public const string TypeSuffix = "@odata.type";

    /// <summary>Escapes only what JSON demands, and line separators: Azurite wants an entity on one line.</summary>
    public static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private const int MaxKnown = 4096;
    private static readonly ConcurrentDictionary<string, EdmName> Known = new(StringComparer.Ordinal);

    private EdmName(string text)
    {
        Text = text;
        (faultCode, fault) = Fault(text);
        if (fault is not null) return;
        Value = JsonEncodedText.Encode(text, Encoder);
        Type = JsonEncodedText.Encode(text + TypeSuffix, Encoder);
    }

    private readonly string? faultCode;
    private readonly string? fault;

    public bool IsFaulty => fault is not null;
    public string Text { get; }
    public JsonEncodedText Value { get; }
    public JsonEncodedText Type { get; }

    public static EdmName Of(string text)
    {
        if (Known.TryGetValue(text, out var name)) return name;
        name = new EdmName(text);
        // Entities whose names are data must not fill the memory.
        if (Known.Count < MaxKnown) Known.TryAdd(text, name);
        return name;
    }

    /// <exception cref="RequestFailedException">The service would refuse the name.</exception>
    public void Check(string where)
    {
        if (fault is not null) throw ClientRule.Broken(faultCode!, $"{where}, property '{Text}'", fault);
    }

    private static (string?, string?) Fault(string text)
    {
        if (text.Length > ClientRule.MaxNameLength)
            return ("PropertyNameTooLong", $"seen a name of {text.Length} characters, expected at most {ClientRule.MaxNameLength}; shorten the name.");
        if (text.Length == 0)
            return ("PropertyNameInvalid", "seen an empty name, expected an identifier as in C#; name the property.");
        for (var at = 0; at < text.Length; at++)
        {
            var fits = at == 0 ? text[at] == '_' || char.IsLetter(text[at]) : text[at] == '_' || char.IsLetterOrDigit(text[at]) || IsJoining(text[at]);
            if (!fits)
                return ("PropertyNameInvalid", $"seen '{text[at]}' at position {at} of the name, expected an identifier as in C#; rename the property.");
        }
        return (null, null);
    }

    private static bool IsJoining(char character) => char.GetUnicodeCategory(character)
        is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation or UnicodeCategory.Format;
}

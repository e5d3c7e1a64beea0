using System.Text.Json;
using Pipeline.Issues;

namespace Pipeline.Insight.Claims;

/// <summary>An object of a claims file: what is read from it is known, and all else is reported.</summary>
internal sealed class JsonPart(JsonElement element, string where, ICollection<Finding> findings)
{
    private const string Advice = "correct the file of claims";

    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    /// <summary>The place of the object, for messages.</summary>
    public string Where => where;

    /// <summary>Reports something that is wrong.</summary>
    public void Wrong(string property, string seen, string expected) =>
        findings.Add(new Finding($"{where}, property {property}", seen, expected, Advice));

    /// <summary>Whether a property is there.</summary>
    public bool Has(string property)
    {
        asked.Add(property);
        return element.TryGetProperty(property, out _);
    }

    /// <summary>A text that is not empty.</summary>
    public string Text(string property, string expected) =>
        TryGet(property, expected, out var value)
        && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 } text
        && text.Trim() == text
            ? text
            : Other(property, expected, "");

    /// <summary>A text that may not be there.</summary>
    public string? OptionalText(string property, string expected) => Has(property) ? Text(property, expected) : null;

    /// <summary>A number.</summary>
    public decimal Number(string property, string expected) =>
        TryGet(property, expected, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetDecimal(out var number)
            ? number
            : Other(property, expected, 0m);

    /// <summary>An object; null when there is none.</summary>
    public JsonPart? Object(string property, string expected) =>
        TryGet(property, expected, out var value) && value.ValueKind == JsonValueKind.Object
            ? new JsonPart(value, $"{where}, {property}", findings)
            : Other<JsonPart?>(property, expected, null);

    /// <summary>Objects, each with the place that a caller gives it by its position.</summary>
    public IReadOnlyList<JsonPart> Objects(string property, string expected, Func<JsonElement, int, string> place)
    {
        if (
            !TryGet(property, expected, out var value)
            || value.ValueKind != JsonValueKind.Array
            || value.GetArrayLength() == 0
            || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Object)
        )
        {
            return Other<IReadOnlyList<JsonPart>>(property, expected, []);
        }

        return [.. value.EnumerateArray().Select((item, at) => new JsonPart(item, place(item, at), findings))];
    }

    /// <summary>Texts.</summary>
    public IReadOnlyList<string> Texts(string property, string expected)
    {
        if (
            !TryGet(property, expected, out var value)
            || value.ValueKind != JsonValueKind.Array
            || value.GetArrayLength() == 0
            || value
                .EnumerateArray()
                .Any(item => item.ValueKind != JsonValueKind.String || item.GetString()!.Length == 0)
        )
        {
            return Other<IReadOnlyList<string>>(property, expected, []);
        }

        return [.. value.EnumerateArray().Select(item => item.GetString()!)];
    }

    /// <summary>Reports the properties that were not asked for.</summary>
    public void Close()
    {
        foreach (var property in element.EnumerateObject())
        {
            if (!asked.Contains(property.Name))
            {
                Wrong(
                    property.Name,
                    "an unknown property",
                    $"only {string.Join(", ", asked.Order(StringComparer.Ordinal))} here"
                );
            }
        }
    }

    /// <summary>The id that an object has, or its position.</summary>
    public static string IdOr(JsonElement item, int at) =>
        item.TryGetProperty("id", out var id)
        && id.ValueKind == JsonValueKind.String
        && id.GetString() is { Length: > 0 } text
            ? text
            : $"{at + 1}";

    private bool TryGet(string property, string expected, out JsonElement value)
    {
        asked.Add(property);
        if (element.TryGetProperty(property, out value))
            return true;
        Wrong(property, "nothing", expected);
        return false;
    }

    /// <summary>A property that is there with something else; one that is not has been reported already.</summary>
    private T Other<T>(string property, string expected, T instead)
    {
        if (element.TryGetProperty(property, out var value))
            Wrong(property, Finding.Quote(value.GetRawText()), expected);
        return instead;
    }
}

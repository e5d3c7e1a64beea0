using System.Text.Json;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// Reads the three small JSON documents: the catalogue of reports, a report's metadata, the list of bulk
/// files.
/// </summary>
internal static class UnctadCatalogue
{
    /// <summary>The catalogue is a tree of folders a few levels deep.</summary>
    private const int MaxDepth = 32;

    private const int MaxText = 64;
    private const string Kept = "the body is kept; if the publisher has changed the document, adapt the reader";

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth };

    /// <summary>
    /// When the report was changed last, in the publisher's words: found by the report's name, wherever it
    /// stands and whatever its id.
    /// </summary>
    /// <returns>The date, or null with a finding.</returns>
    public static string? LastUpdated(Stream body, out Finding? finding) => Read(body, "catalogue", out finding, root =>
        {
            if (Report(root) is not { } report)
            {
                return (
                    null,
                    new Finding(
                        "catalogue",
                        "no such report",
                        $"a report named {UnctadRequests.Report}",
                        $"{Kept}; the report may have been renamed or withdrawn"
                    )
                );
            }

            return Text(report, "lastUpdatedDate") is { } date
                ? (date, null)
                : (
                    null,
                    new Finding(
                        $"catalogue, report {UnctadRequests.Report}",
                        "no text lastUpdatedDate",
                        "the date of its last release",
                        Kept
                    )
                );
        });

    /// <summary>The version of the data that a report shows at the moment.</summary>
    public static string? Version(Stream body, out Finding? finding) =>
        Read(body, "metadata", out finding, root =>
            Text(root, "version") is { } version
                ? (version, null)
                : (null, new Finding("metadata", "no version", "the version of the data", Kept))
        );

    /// <summary>The id of the first bulk file.</summary>
    public static string? FileId(Stream body, out Finding? finding) =>
        Read(body, "list of bulk files", out finding, root =>
            root.ValueKind == JsonValueKind.Array
            && root.GetArrayLength() > 0
            && Text(root[0], "fileId") is { } id
            && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
                ? (id, null)
                : (
                    null,
                    new Finding(
                        "list of bulk files",
                        "no fileId",
                        "an array whose first entry has a fileId of letters and digits",
                        Kept
                    )
                )
        );

    private static string? Read(
        Stream body,
        string what,
        out Finding? finding,
        Func<JsonElement, (string?, Finding?)> find
    )
    {
        try
        {
            using var json = JsonText.Parse(body, Options);
            (var found, finding) = find(json.RootElement);
            return found;
        }
        catch (JsonException e)
        {
            finding = new Finding(
                what,
                Finding.Quote(e.Message),
                $"a JSON document of at most {MaxDepth} levels",
                "the body is kept; the next plan asks again"
            );
            return null;
        }
    }

    private static JsonElement? Report(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Object && Text(element, "reportName") == UnctadRequests.Report)
            return element;
        var children = element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().Select(property => property.Value),
            JsonValueKind.Array => element.EnumerateArray(),
            _ => [],
        };
        foreach (var child in children)
        {
            if (Report(child) is { } found)
                return found;
        }

        return null;
    }

    /// <summary>A short text or number of an object; null when there is none.</summary>
    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(name, out var property)
        && property.ValueKind is JsonValueKind.String or JsonValueKind.Number
        && property.ToString() is { Length: > 0 and <= MaxText } text
        && !text.Any(char.IsControl)
            ? text
            : null;
}

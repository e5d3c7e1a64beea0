using System.Globalization;
using System.Text;
using System.Text.Json;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Moex.Capitalisation;

/// <summary>
/// An answer of the exchange's data service: named blocks, each with <c>columns</c> and <c>data</c> (rows of cells),
/// and <c>metadata</c> where it was not switched off. Blocks and columns that are not needed are ignored (moex.md,
/// section 1.2).
/// </summary>
internal sealed class IssAnswer
{
    private const string NoLayout =
        "the answer's layout has changed: the table keeps the old rows; adapt the reader, then replay";
    private readonly List<IssBlock> blocks = [];

    private IssAnswer() { }

    /// <summary>
    /// What the service says instead of an answer: the text of a block whose only column is
    /// <c>ERROR_MESSAGE</c>; null without one.
    /// </summary>
    public string? Error { get; private set; }

    /// <summary>Reads a body: one answer, or the answers of several pages in an array.</summary>
    public static async Task<(IReadOnlyList<IssAnswer> Pages, Finding? Finding)> ReadAsync(
        Stream body,
        CancellationToken cancellationToken
    )
    {
        try
        {
            using var json = await JsonText.ParseAsync(body, cancellationToken);
            return json.RootElement.ValueKind == JsonValueKind.Array
                ? Read(json.RootElement.EnumerateArray())
                : Read([json.RootElement]);
        }
        catch (JsonException e)
        {
            return ([], NotJson(e));
        }
    }

    /// <summary>Reads one answer that is here as a whole.</summary>
    public static (IssAnswer? Answer, Finding? Finding) Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var json = JsonText.Parse(
                body.Span.StartsWith(Encoding.UTF8.Preamble) ? body[Encoding.UTF8.Preamble.Length..] : body
            );
            return Read(json.RootElement, "body");
        }
        catch (JsonException e)
        {
            return (null, NotJson(e));
        }
    }

    /// <summary>A block by its name; null when there is none.</summary>
    public IssBlock? Block(string name) =>
        blocks.FirstOrDefault(block => string.Equals(block.Name, name, StringComparison.OrdinalIgnoreCase));

    private static Finding NotJson(JsonException e) =>
        new(
            "body",
            Finding.Quote(e.Message),
            "a JSON object of blocks",
            "the body is kept; the table keeps the old rows; pull the slice again"
        );

    private static (IReadOnlyList<IssAnswer> Pages, Finding? Finding) Read(IEnumerable<JsonElement> elements)
    {
        var pages = new List<IssAnswer>();
        foreach (var element in elements)
        {
            var (page, finding) = Read(element, pages.Count == 0 ? "body" : $"page {pages.Count + 1}");
            if (page is null)
                return ([], finding);
            pages.Add(page);
        }
        return (pages, null);
    }

    private static (IssAnswer? Answer, Finding? Finding) Read(JsonElement json, string where)
    {
        if (json.ValueKind != JsonValueKind.Object)
            return (null, new Finding(where, $"a JSON {json.ValueKind}", "a JSON object of blocks", NoLayout));
        var answer = new IssAnswer();
        foreach (var property in json.EnumerateObject())
        {
            var (block, finding) = IssBlock.Read(property, NoLayout);
            if (finding is not null)
                return (null, finding);
            if (answer.Block(property.Name) is not null)
            {
                return (
                    null,
                    new Finding($"block {Name(property.Name)}", "a second block of that name", "one", NoLayout)
                );
            }

            answer.blocks.Add(block!);
            if (
                block!.Columns is [var only]
                && string.Equals(only, "ERROR_MESSAGE", StringComparison.OrdinalIgnoreCase)
            )
            {
                answer.Error = block.Rows is [[var text, ..], ..] ? text.Text : "no text";
            }
        }
        return (answer, null);
    }

    internal static string Name(string name) => name.Length <= 50 ? name : name[..50] + "…";
}

/// <summary>A block of an answer.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Columns">The names of its columns.</param>
/// <param name="Rows">The cells of its rows.</param>
/// <param name="Data">The rows as they were written, by which a page is known again.</param>
internal sealed record IssBlock(
    string Name,
    IReadOnlyList<string> Columns,
    IReadOnlyList<IReadOnlyList<IssCell>> Rows,
    string Data
)
{
    /// <summary>Finds a column; the routes do not agree on upper and lower case.</summary>
    /// <param name="column">The name.</param>
    /// <param name="finding">Why it is not found: there is none, or there are two.</param>
    public int Find(string column, out Finding? finding)
    {
        var found = Enumerable
            .Range(0, Columns.Count)
            .Where(index => string.Equals(Columns[index], column, StringComparison.OrdinalIgnoreCase))
            .ToList();
        finding =
            found.Count == 1
                ? null
                : new Finding(
                    $"block {Name}",
                    Finding.Quote(string.Join(',', Columns)),
                    found.Count == 0 ? $"the column {column} too" : $"one column {column}",
                    "the answer's layout has changed: the table keeps the old rows; adapt the reader, then replay"
                );
        return found.Count == 1 ? found[0] : -1;
    }

    internal static (IssBlock? Block, Finding? Finding) Read(JsonProperty property, string advice)
    {
        var name = IssAnswer.Name(property.Name);
        if (
            property.Value.ValueKind != JsonValueKind.Object
            || !property.Value.TryGetProperty("columns", out var columns)
            || columns.ValueKind != JsonValueKind.Array
            || !property.Value.TryGetProperty("data", out var data)
            || data.ValueKind != JsonValueKind.Array
        )
        {
            return (
                null,
                new Finding(
                    $"block {name}",
                    Finding.Quote(property.Value.GetRawText()),
                    "an object with the lists columns and data",
                    advice
                )
            );
        }

        var rows = new List<IReadOnlyList<IssCell>>();
        foreach (var row in data.EnumerateArray())
        {
            if (row.ValueKind != JsonValueKind.Array)
            {
                return (
                    null,
                    new Finding(
                        $"block {name}, row {rows.Count + 1}",
                        Finding.Quote(row.GetRawText()),
                        "a list of cells",
                        advice
                    )
                );
            }

            rows.Add([.. row.EnumerateArray().Select(IssCell.Of)]);
        }
        return (
            new IssBlock(
                name,
                [.. columns.EnumerateArray().Select(column => IssCell.Of(column).Text)],
                rows,
                data.GetRawText()
            ),
            null
        );
    }
}

/// <summary>A cell of a block.</summary>
/// <param name="Kind">What JSON says it is.</param>
/// <param name="Text">Its text, or the digits of a number as they were written.</param>
internal readonly record struct IssCell(JsonValueKind Kind, string Text)
{
    /// <summary>Whether the cell is null, which any cell may be.</summary>
    public bool IsNull => Kind == JsonValueKind.Null;

    /// <summary>The cell as a message shows it.</summary>
    public string Quoted => IsNull ? "null" : Finding.Quote(Text);

    /// <summary>The cell as a number, from its digits: some have 17 of them, and binary noise.</summary>
    public decimal? Number =>
        Kind == JsonValueKind.Number
        && decimal.TryParse(Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The cell as a day, <c>yyyy-MM-dd</c>, Moscow time.</summary>
    public DateOnly? Day =>
        Kind == JsonValueKind.String
        && DateOnly.TryParseExact(Text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? day
            : null;

    internal static IssCell Of(JsonElement cell) =>
        new(cell.ValueKind, cell.ValueKind == JsonValueKind.String ? TextOf(cell) : cell.GetRawText());

    private static string TextOf(JsonElement cell)
    {
        try
        {
            return cell.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return cell.GetRawText(); // An escape that stands for no character: shown as it was written.
        }
    }
}

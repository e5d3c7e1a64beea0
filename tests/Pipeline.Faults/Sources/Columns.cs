using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Pipeline.Testing;

namespace Pipeline.Faults.Sources;

/// <summary>What a publisher may do to the columns of a table.</summary>
internal enum ColumnChange
{
    /// <summary>The last comes first.</summary>
    Order,

    /// <summary>An unknown one comes second.</summary>
    More,

    /// <summary>One of <see cref="Columns.Needed"/> is gone.</summary>
    Less,
}

/// <summary>
/// Changes the columns of a body inside its own format: tables and objects of JSON, sheets of workbooks, CSV,
/// also in an archive.
/// </summary>
internal static class Columns
{
    public const string New = "NEW_COLUMN";

    /// <summary>
    /// The columns without which a table is not understood: the first that a table has is the one that
    /// goes.
    /// </summary>
    public static IReadOnlyList<string> Needed { get; } =
    [
        "ALL_VAL_MO",
        "GEN_VAL_MO",
        "IJAN",
        "Доля нерезидентов, %",
        "US$ at current prices in millions",
        "CAPITALIZATION",
        "reportName",
        "method",
        "share_percent",
        "value_musd",
    ];

    private static readonly XNamespace Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

    /// <summary>The body with other columns.</summary>
    /// <param name="body">The body.</param>
    /// <param name="contentType">Its format.</param>
    /// <param name="data">What the body was made from: an archive is packed again.</param>
    /// <param name="change">What is done.</param>
    public static byte[] Change(byte[] body, string contentType, SourceData data, ColumnChange change) =>
        contentType switch
        {
            SourceData.Workbook => Workbook(body, change),
            SourceData.Archive => Fdi.Archive(Encoding.UTF8.GetBytes(Csv(data.Vintage(), change))),
            SourceData.Json => Encoding.UTF8.GetBytes(Json(JsonNode.Parse(body)!, change).ToJsonString()),
            _ => throw new InvalidOperationException(
                $"seen a body of {contentType}, expected a format whose columns can be changed"
            ),
        };

    /// <summary>A text of CSV with other columns.</summary>
    public static string Csv(string text, ColumnChange change)
    {
        var records = CsvText.Read(text);
        var places = Places(records[0], change);
        return CsvText.Text(
            records.Select(
                (cells, row) =>
                    places.Select(place =>
                        (place, row) switch
                        {
                            (>= 0, _) => cells[place],
                            (_, 0) => New,
                            _ => "x",
                        }
                    )
            )
        );
    }

    /// <summary>The old places in their new order; -1 for a new column.</summary>
    private static List<int> Places(List<string> names, ColumnChange change)
    {
        var places = Enumerable.Range(0, names.Count).ToList();
        if (change == ColumnChange.Order)
            places.Reverse();
        if (change == ColumnChange.More)
            places.Insert(1, -1);
        if (change == ColumnChange.Less && Needed.FirstOrDefault(names.Contains) is { } needed)
            places.RemoveAt(names.IndexOf(needed));
        return places;
    }

    private static JsonNode Json(JsonNode node, ColumnChange change) =>
        node switch
        {
            JsonArray table when table.All(row => row is JsonArray) && table.Count > 0 => Table(
                (JsonArray)table[0]!,
                table.Skip(1),
                change
            )
                is var (header, rows)
                ? new JsonArray([header, .. rows])
                : table,
            JsonArray list => new JsonArray([.. list.Select(item => item is null ? null : Json(item, change))]),
            JsonObject block when block["columns"] is JsonArray columns && block["data"] is JsonArray data => Table(
                columns,
                data,
                change
            )
                is var (header, rows)
                ? new JsonObject { ["columns"] = header, ["data"] = new JsonArray([.. rows]) }
                : block,
            // The exchange's answer: what it names are tables, not columns.
            JsonObject blocks
                when blocks.Count > 0
                    && blocks.All(block => block.Value is JsonObject table && table.ContainsKey("columns")) =>
                new JsonObject(
                    blocks.Select(block => KeyValuePair.Create(block.Key, (JsonNode?)Json(block.Value!, change)))
                ),
            JsonObject fields => Fields(fields, change),
            _ => node.DeepClone(),
        };

    private static JsonObject Fields(JsonObject fields, ColumnChange change)
    {
        var changed = new JsonObject();
        foreach (var place in Places([.. fields.Select(field => field.Key)], change))
        {
            if (place < 0)
                changed[New] = "x";
            else
                changed[fields.GetAt(place).Key] = fields.GetAt(place).Value is { } value ? Json(value, change) : null;
        }
        return changed;
    }

    private static (JsonArray Header, IEnumerable<JsonNode?> Rows) Table(
        JsonArray header,
        IEnumerable<JsonNode?> rows,
        ColumnChange change
    )
    {
        var places = Places([.. header.Select(name => name!.GetValue<string>())], change);
        return (Of(header, New), [.. rows.Select(row => Of((JsonArray)row!, "x"))]);

        JsonArray Of(JsonArray cells, string added) =>
            new([.. places.Select(place => place < 0 ? added : cells[place]?.DeepClone())]);
    }

    private static byte[] Workbook(byte[] workbook, ColumnChange change)
    {
        using var file = new MemoryStream();
        file.Write(workbook);
        using (var zip = new ZipArchive(file, ZipArchiveMode.Update, leaveOpen: true))
        {
            var texts = Read(zip, "xl/sharedStrings.xml").Descendants(Main + "t").Select(text => text.Value).ToList();
            var sheet = Read(zip, "xl/worksheets/sheet1.xml");
            var rows = sheet.Descendants(Main + "row").ToList();
            var names = rows[0].Elements(Main + "c").Select(cell => texts[(int)cell.Element(Main + "v")!]).ToList();
            var places = Places(names, change);
            sheet
                .Root!.Element(Main + "dimension")!
                .SetAttributeValue("ref", $"A1:{Letters(places.Count - 1)}{rows.Count}");
            foreach (var row in rows)
            {
                var cells = row.Elements(Main + "c").ToDictionary(cell => Place((string)cell.Attribute("r")!));
                row.ReplaceNodes(
                    places.Select(
                        (place, at) =>
                            Cell(
                                place < 0 ? Text(row == rows[0] ? New : "x") : cells.GetValueOrDefault(place),
                                $"{Letters(at)}{(string)row.Attribute("r")!}"
                            )
                    )
                );
            }
            using var stream = zip.GetEntry("xl/worksheets/sheet1.xml")!.Open();
            stream.SetLength(0);
            sheet.Save(stream);
        }
        return file.ToArray();

        static XElement? Cell(XElement? cell, string at)
        {
            cell?.SetAttributeValue("r", at);
            return cell;
        }

        static XElement Text(string text) =>
            new(
                Main + "c",
                new XAttribute("t", "inlineStr"),
                new XElement(Main + "is", new XElement(Main + "t", text))
            );
    }

    private static XDocument Read(ZipArchive zip, string part)
    {
        using var stream = zip.GetEntry(part)!.Open();
        return XDocument.Load(stream);
    }

    private static string Letters(int place) => place < 26 ? $"{(char)('A' + place)}" : $"A{(char)('A' + place - 26)}";

    private static int Place(string cell) =>
        cell.TakeWhile(char.IsAsciiLetter).Aggregate(0, (place, letter) => place * 26 + letter - 'A' + 1) - 1;
}

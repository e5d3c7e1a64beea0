using System.Globalization;
using System.IO.Compression;
using System.Security;
using System.Text;

namespace Pipeline.Testing;

/// <summary>
/// Writes small workbooks as the country balance file has them. A cell is a number (as its text in the file), a text
/// (an apostrophe before it), nothing (empty), a formula with its last value (<c>=1+1→2</c>), or raw XML (<c>&lt;</c>
/// first).
/// </summary>
internal sealed class TestWorkbook
{
    public static readonly string[] Header =
    [
        "'year",
        "'CTY_CODE",
        "'CTYNAME",
        .. Months('I'),
        "'IYR",
        .. Months('E'),
        "'EYR",
    ];

    private readonly List<(int Number, string[] Cells)> rows = [];
    private readonly Dictionary<string, int> shared = [];

    public string Sheet { get; init; } = "country";
    public string Dimension { get; init; } = "A1:AC1048576";

    /// <summary>Put before the sheet's root element.</summary>
    public string Prologue { get; init; } = "";

    /// <summary>Further parts of the archive.</summary>
    public Dictionary<string, byte[]> Parts { get; } = [];

    private static IEnumerable<string> Months(char flow) =>
        DateTimeFormatInfo
            .InvariantInfo.AbbreviatedMonthNames.Take(12)
            .Select(month => $"'{flow}{month.ToUpperInvariant()}");

    /// <summary>
    /// A workbook with a header and a row of imports 1 to 12 and exports 13 to 24, millions of dollars, of
    /// Russia in 2005.
    /// </summary>
    public static TestWorkbook Russia() => new TestWorkbook().Add(Header).Add(Row());

    /// <summary>The row of Russia in 2005, with some cells changed: <c>IJAN=12.5</c>.</summary>
    public static string[] Row(params string[] changes)
    {
        string[] row =
        [
            "'2005",
            "'4621",
            "'Russia",
            .. Enumerable.Range(1, 12).Select(Text),
            "78",
            .. Enumerable.Range(13, 12).Select(Text),
            "222",
        ];
        foreach (var change in changes)
        {
            var cut = change.IndexOf('=', StringComparison.Ordinal);
            row[Array.IndexOf(Header, "'" + change[..cut])] = change[(cut + 1)..];
        }
        return row;
    }

    /// <summary>The folder of the sheet.</summary>
    public string Place { get; init; } = "worksheets";

    public TestWorkbook Add(string[] cells, int? number = null)
    {
        rows.Add((number ?? rows.Count + 1, cells));
        return this;
    }

    public byte[] Write()
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            var sheet = SheetXml();
            Put(
                zip,
                "[Content_Types].xml",
                $"""
                <Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/{Place}/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>
                """
            );
            Put(
                zip,
                "_rels/.rels",
                """
                <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>
                """
            );
            Put(
                zip,
                "xl/_rels/workbook.xml.rels",
                $"""
                <Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="{Place}/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>
                """
            );
            Put(
                zip,
                "xl/workbook.xml",
                $"""
                <workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{Sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>
                """
            );
            Put(zip, $"xl/{Place}/sheet1.xml", sheet);
            Put(
                zip,
                "xl/sharedStrings.xml",
                $"""
                <sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{string.Concat(
                    shared.OrderBy(pair => pair.Value).Select(pair =>
                        $"<si><t xml:space=\"preserve\">{SecurityElement.Escape(pair.Key)}</t></si>"
                    )
                )}</sst>
                """
            );
            foreach (var (name, content) in Parts)
            {
                using var part = zip.CreateEntry(name).Open();
                part.Write(content);
            }
        }
        return file.ToArray();
    }

    /// <summary>
    /// Makes the archive's directory and the part's own header say another unpacked size than the part has.
    /// </summary>
    public static byte[] Declare(byte[] workbook, string part, uint size)
    {
        var bytes = (byte[])workbook.Clone();
        var name = Encoding.UTF8.GetBytes(part);
        for (var at = 0; at + 46 <= bytes.Length; at++)
        {
            var (signature, sizeAt, nameAt) = (BitConverter.ToUInt32(bytes, at), 0, 0);
            if (signature == 0x02014b50)
                (sizeAt, nameAt) = (at + 24, at + 46);
            else if (signature == 0x04034b50)
                (sizeAt, nameAt) = (at + 22, at + 30);
            else
                continue;
            if (nameAt + name.Length <= bytes.Length && bytes.AsSpan(nameAt, name.Length).SequenceEqual(name))
                BitConverter.TryWriteBytes(bytes.AsSpan(sizeAt), size);
        }
        return bytes;
    }

    private string SheetXml()
    {
        var xml = new StringBuilder(
            $"{Prologue}<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><dimension "
                + $"ref=\"{Dimension}\"/><sheetData>"
        );
        foreach (var (number, cells) in rows)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<row r=\"{number}\">");
            for (var column = 0; column < cells.Length; column++)
                xml.Append(Cell($"{Letters(column)}{number}", cells[column]));
            xml.Append("</row>");
        }
        return xml.Append("</sheetData></worksheet>").ToString();
    }

    private string Cell(string at, string cell)
    {
        if (cell.Length == 0)
            return "";
        if (cell[0] == '<')
            return cell.Replace("{at}", at);
        if (cell[0] == '=')
            return $"<c r=\"{at}\"><f>{cell[1..cell.IndexOf('→')]}</f><v>{cell[(cell.IndexOf('→') + 1)..]}</v></c>";
        if (cell[0] != '\'')
            return $"<c r=\"{at}\"><v>{cell}</v></c>";
        if (!shared.TryGetValue(cell[1..], out var index))
            shared.Add(cell[1..], index = shared.Count);
        return $"<c r=\"{at}\" t=\"s\"><v>{index}</v></c>";
    }

    private static string Letters(int column) =>
        column < 26 ? $"{(char)('A' + column)}" : $"A{(char)('A' + column - 26)}";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Put(ZipArchive zip, string name, string content)
    {
        using var part = zip.CreateEntry(name).Open();
        part.Write(Encoding.UTF8.GetBytes(content));
    }
}

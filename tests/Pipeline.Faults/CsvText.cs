using System.Text;

namespace Pipeline.Faults;

/// <summary>CSV by the letter of RFC 4180, with none of the program's code.</summary>
internal static class CsvText
{
    /// <summary>The records of a text, each a list of cells.</summary>
    public static List<List<string>> Read(string text)
    {
        var (records, cells, cell, quoted) = (new List<List<string>>(), new List<string>(), new StringBuilder(), false);
        for (var at = 0; at < text.Length; at++)
        {
            if (quoted)
            {
                if (text[at] != '"')
                    cell.Append(text[at]);
                else if (at + 1 < text.Length && text[at + 1] == '"')
                    cell.Append(text[at++]);
                else
                    quoted = false;
            }
            else if (text[at] == '"')
            {
                quoted = true;
            }
            else if (text[at] is ',' or '\n')
            {
                cells.Add(cell.ToString());
                cell.Clear();
                if (text[at] == ',')
                    continue;
                records.Add(cells);
                cells = [];
            }
            else if (text[at] != '\r')
            {
                cell.Append(text[at]);
            }
        }
        return records;
    }

    /// <summary>The text of records; cells that need it are quoted.</summary>
    public static string Text(IEnumerable<IEnumerable<string>> records) =>
        string.Concat(records.Select(cells => string.Join(',', cells.Select(Cell)) + "\n"));

    /// <summary>A cell, in quotes if it needs them.</summary>
    public static string Cell(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

using System.Text;

namespace Pipeline.Faults;

/// <summary>Reads CSV by the letter of RFC 4180, with none of the program's code.</summary>
internal static class CsvText
{
    /// <summary>The records and their cells, the header first.</summary>
    public static List<List<string>> Read(string text)
    {
        var (records, cells, cell, quoted) = (new List<List<string>>(), new List<string>(), new StringBuilder(), false);
        for (var at = 0; at < text.Length; at++)
        {
            if (quoted && text[at] == '"' && at + 1 < text.Length && text[at + 1] == '"') cell.Append(text[at++]);
            else if (text[at] == '"') quoted = !quoted;
            else if (quoted || text[at] is not (',' or '\r' or '\n')) cell.Append(text[at]);
            else if (text[at] != '\r')
            {
                cells.Add(cell.ToString());
                cell.Clear();
                if (text[at] == ',') continue;
                records.Add(cells);
                cells = [];
            }
        }
        return records;
    }
}

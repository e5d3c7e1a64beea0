using System.Collections.Frozen;
using System.Reflection;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad;

/// <summary>
/// The financial centres that the publisher leaves out of the world and of every group (unctad.md, section 2.4). The
/// list may change with a release: a file in the container <c>curated</c> takes the place of the program's own.
/// </summary>
internal static class FinancialCentres
{
    /// <summary>The file: a header <c>code,name</c>, then a line for each economy; the name is for people.</summary>
    public const string FileName = "fdi-financial-centres.csv";

    /// <summary>The program's own list.</summary>
    public static FrozenSet<string> Default { get; } = Parse(Embedded()).Codes!;

    /// <summary>
    /// The list that holds: the operator's file, or the program's own. With the finding the operator's file is not
    /// such a list, and nothing may be loaded by another one.
    /// </summary>
    public static async Task<(IReadOnlySet<string> Codes, Finding? Finding)> ReadAsync(
        BodyContext context,
        CancellationToken cancellationToken
    )
    {
        if (await context.ReadCurated(FileName, cancellationToken) is not { } text)
            return (Default, null);
        var (codes, finding) = Parse(text);
        return (codes ?? Default, finding);
    }

    private static (FrozenSet<string>? Codes, Finding? Finding) Parse(string text)
    {
        text = text.TrimStart('\uFEFF');
        // The text was read as UTF-8: UTF-16 shows by its zeros.
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            var name = text.TrimStart('\uFFFD').StartsWith('\0') ? "UTF-16 BE" : "UTF-16 LE";
            return (null, Wrong($"{name} text", "text in UTF-8", "save the file as UTF-8 and upload it again"));
        }

        // Line ends of every kind, also CR alone.
        var lines = text.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd(' ')).ToList();
        var (separator, first) = (',', 0);
        if (lines[0] is ['s' or 'S', 'e' or 'E', 'p' or 'P', '=', ';' or ',' or '\t' or '|'])
            (separator, first) = (lines[0][^1], 1);
        var header = lines.FindIndex(first, line => line.Length > 0);
        var title = header < 0 ? "" : lines[header].Replace("\"", "", StringComparison.Ordinal);
        if (!title.StartsWith("code", StringComparison.OrdinalIgnoreCase))
            return (null, Wrong(text.Length == 0 ? "nothing" : Finding.Quote(text), "a header code,name"));
        if (!title.Contains(separator, StringComparison.Ordinal))
        {
            foreach (var other in HandCopy.Separators.Where(other => title.Contains((char)other)))
            {
                var seen = $"{HandCopy.InWords(other)} between the columns in line {header + 1}";
                var expected = $"{HandCopy.InWords((byte)separator)} between the columns";
                return (null, Wrong(seen, first > 0 ? HandCopy.ExpectedOf((byte)separator) : expected));
            }
        }

        var codes = new HashSet<string>(StringComparer.Ordinal);
        for (var line = header + 1; line < lines.Count; line++)
        {
            if (lines[line].Length == 0)
                continue; // Editors leave such lines at the end.
            var code = lines[line].Split(separator)[0].Trim('"');
            if (code.Length != 3 || !code.All(char.IsAsciiDigit))
                return (null, Wrong($"{Finding.Quote(lines[line])} in line {line + 1}", "three digits and a name"));
            codes.Add(code);
        }

        return (codes.ToFrozenSet(StringComparer.Ordinal), null);
    }

    private static Finding Wrong(
        string seen,
        string expected,
        string remedy = "correct the file, or remove it so that the program's own list holds"
    ) => new($"file {FileName} in the container curated", seen, expected, $"{remedy}; the next plan reads it again");

    private static string Embedded()
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream("Pipeline.Sources.Unctad.financial-centres.csv")!
        );
        return reader.ReadToEnd();
    }
}

using System.Collections.Frozen;
using System.Reflection;
using Pipeline.Issues;
using Pipeline.Loading;

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
    public static FrozenSet<string> Default { get; } = Parse(Embedded())!;

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
        if (Parse(text) is { } codes)
            return (codes, null);
        var finding = new Finding(
            $"file {FileName} in the container curated",
            Finding.Quote(text),
            "a header code,name and a line with three digits and a name for each economy",
            "correct the file, or remove it so that the program's own list holds; the next plan reads it again"
        );
        return (Default, finding);
    }

    private static FrozenSet<string>? Parse(string text)
    {
        var lines = text.TrimStart('\uFEFF')
            .Split('\n')
            .Select(line => line.TrimEnd('\r', ' '))
            .Where(line => line.Length > 0)
            .ToList();
        if (lines.Count == 0 || !lines[0].StartsWith("code", StringComparison.OrdinalIgnoreCase))
            return null;
        var codes = lines.Skip(1).Select(line => line.Split(',')[0].Trim('"')).ToList();
        return codes.TrueForAll(code => code.Length == 3 && code.All(char.IsAsciiDigit))
            ? codes.ToFrozenSet(StringComparer.Ordinal)
            : null;
    }

    private static string Embedded()
    {
        using var reader = new StreamReader(
            Assembly.GetExecutingAssembly().GetManifestResourceStream("Pipeline.Sources.Unctad.financial-centres.csv")!
        );
        return reader.ReadToEnd();
    }
}

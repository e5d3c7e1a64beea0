namespace Pipeline.Sources.Unctad;

/// <summary>
/// Direction and measure of rows whose columns do not say them: those of one export of the data centre.
/// </summary>
/// <param name="Direction"><c>inward</c> or <c>outward</c>.</param>
/// <param name="Measure"><c>flow</c> or <c>stock</c>.</param>
internal sealed record FdiPart(string Direction, string Measure)
{
    /// <summary>What stands before an export inside a body that is put together.</summary>
    public const string Mark = "#part ";

    /// <summary>The line before the export.</summary>
    public string Line => $"{Mark}{Direction} {Measure}";

    /// <summary>The name under which the export is dropped.</summary>
    public string FileName => $"{UnctadRequests.FileName}.{Direction}-{Measure}.csv";

    /// <summary>Reads <see cref="Line"/>; null when it is none.</summary>
    public static FdiPart? Parse(string line) =>
        line.StartsWith(Mark, StringComparison.Ordinal)
        && line[Mark.Length..].TrimEnd().Split(' ')
            is [UnctadSlice.Inward or UnctadSlice.Outward, UnctadSlice.Flow or UnctadSlice.Stock] words
            ? new FdiPart(words[0], words[1])
            : null;
}

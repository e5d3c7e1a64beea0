using System.Globalization;
using System.Text;

namespace Pipeline.Report.Data;

/// <summary>Writes a figure as lines of text.</summary>
public static class FigureText
{
    /// <summary>The width of the names before the texts.</summary>
    private const int Width = 14;

    /// <summary>Writes a figure.</summary>
    public static string Write(FigureDocument figure)
    {
        var text = new StringBuilder();
        Line("figure", $"{figure.Table}/{figure.Partition}/{figure.Row}");
        foreach (var value in figure.Values)
        {
            var number = value.Value is { } known ? FigureCitation.Number(known) : "none published";
            Line(value.Column, $"{number} {value.Unit}".TrimEnd());
            Line("", value.Meaning);
        }
        foreach (var (column, value) in figure.About)
            Line(column, value is DateTimeOffset day ? FigureCitation.Moment(day) : Invariant(value));
        Line("basis", figure.Basis);
        Line("dataset", $"{figure.Dataset.Source}/{figure.Dataset.Name}: {figure.Dataset.Title}");
        Line("publisher", figure.Dataset.Publisher);
        Line("vintage", FigureCitation.Moment(figure.Vintage));
        Line("first seen", FigureCitation.Moment(figure.FirstSeen));
        Line("revision", Invariant(figure.Revision));
        foreach (var version in figure.History)
        {
            var changes = version.Changes.Select(change => $"{change.Column} {change.Old} → {change.New}");
            Line(
                "history",
                $"{FigureCitation.Moment(version.ValidFrom)} to {FigureCitation.Moment(version.ValidTo)}: "
                    + $"{string.Join(", ", changes)}{(version.InPolicy ? "" : " (outside the revision policy)")}"
            );
        }
        Line("raw body", figure.Raw.Blob);
        Line("SHA-256", figure.Raw.Sha256);
        Line("fetched", figure.Raw.FetchedAt is { } at ? FigureCitation.Moment(at) : "");
        Line("from", figure.Raw.From);
        Line("place", figure.Raw.Place);
        Line("note", figure.Raw.Note);
        Line("cite", figure.Citation);
        return text.ToString();

        void Line(string name, string content)
        {
            if (content.Length > 0)
                text.Append(name.PadRight(Width)).Append("  ").AppendLine(content);
        }
    }

    private static string Invariant(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}

using System.Globalization;
using System.Text;
using System.Xml;

namespace Pipeline.Report.News;

/// <summary>Says news in words.</summary>
internal static class NewsText
{
    /// <summary>A title, for example <c>trademonthly: 12 figures revised, 3 added (exports-total 2019)</c>.</summary>
    public static string TitleOf(NewsItem item)
    {
        var slice = item.Slice is { } known ? $" ({known.Dataset} {known.Key})" : "";
        return $"{item.Table}: {NumbersOf(item)}{slice}";
    }

    /// <summary>What happened, in whose figures, and whether the publisher announced it.</summary>
    public static string SummaryOf(NewsItem item)
    {
        var text = new StringBuilder(item.Dataset is { } of ? $"{of.Publisher}, {of.Title}: " : $"{item.Table}: ");
        text.Append(CultureInfo.InvariantCulture, $"{NumbersOf(item)} in the vintage of {item.Vintage.UtcDateTime:u}.");
        if (item.Revised + item.Removed > 0)
        {
            text.Append(
                item.Outside == 0
                    ? " The publisher's declared revision window covers all changes."
                    : $" {Whole(item.Outside)} of the changes {(item.Outside == 1 ? "is" : "are")} outside the "
                        + "publisher's declared revision window."
            );
        }
        if (item.Dataset is { RevisionPolicy.Length: > 0 } dataset)
            text.Append(CultureInfo.InvariantCulture, $" Revision policy: {dataset.RevisionPolicy.TrimEnd('.')}.");
        return text.ToString();
    }

    /// <summary>A change of a column, for example <c>ValueUsd: 1 → 2 US dollars</c>.</summary>
    public static string LineOf(NewsValue value, bool isRemoved)
    {
        var unit = value.Unit.Length == 0 ? "" : $" {value.Unit}";
        return isRemoved
            ? $"{value.Column}: {Shown(value.Old)}{unit} until then"
            : $"{value.Column}: {Shown(value.Old)} → {Shown(value.New)}{unit}";
    }

    /// <summary>A whole number with commas between thousands.</summary>
    public static string Whole(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>The text without what XML cannot hold, which publishers may write all the same.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        // A half of a surrogate pair is counted as the replacement character.
        foreach (var rune in text.EnumerateRunes())
        {
            var isXml = rune.Value > char.MaxValue || XmlConvert.IsXmlChar((char)rune.Value);
            clean.Append(isXml ? rune.ToString() : $"{Rune.ReplacementChar}");
        }
        return clean.ToString();
    }

    /// <summary>The numbers of figures that were revised, added and removed, without those that are none.</summary>
    private static string NumbersOf(NewsItem item)
    {
        var parts = new List<string>();
        foreach (
            var (number, what) in (IEnumerable<(long, string)>)
                [(item.Revised, "revised"), (item.Added, "added"), (item.Removed, "removed")]
        )
        {
            if (number > 0)
                parts.Add($"{Whole(number)} {(parts.Count > 0 ? "" : Figures(number))}{what}");
        }
        return string.Join(", ", parts);
    }

    private static string Figures(long number) => number == 1 ? "figure " : "figures ";

    private static string Shown(string value) => value.Length == 0 ? "no value" : value;
}

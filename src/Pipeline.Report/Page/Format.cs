using System.Globalization;

namespace Pipeline.Report.Page;

/// <summary>Numbers and moments as the page writes them: the same for every reader, whatever their language.</summary>
internal static class Format
{
    /// <summary>What stands where there is no figure.</summary>
    public const string None = "–";

    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    public static string Whole(long number) => number.ToString("N0", Culture);

    /// <summary>A figure with up to four decimals, exact for whole US dollars.</summary>
    public static string Figure(double? value) => value is { } number ? number.ToString("#,0.####", Culture) : None;

    public static string Iso(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", Culture);

    public static string Minute(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm' UTC'", Culture);

    public static string Day(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd", Culture);

    public static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", Culture);

    public static string Seconds(TimeSpan span) => $"{span.TotalSeconds.ToString("0.0", Culture)} s";

    /// <summary>A chart for those who cannot see it: its last points, and where the rest is.</summary>
    public static string InWords(Figure figure, Panel panel)
    {
        var point = panel.Shape == Panel.Bars ? panel.Points[0] : panel.Points[^1];
        var values = panel.Series.Zip(point.Values, (series, value) =>
            panel.Series.Count == 1 ? Figure(value) : $"{series} {Figure(value)}"
        );
        var range =
            panel.Shape == Panel.Bars
                ? $"{panel.Points.Count} bars; the largest is"
                : $"from {panel.Points[0].Label} to {point.Label}; the last is";
        return $"Chart of {figure.Title}, {panel.Name}, {range} {point.Label}: {string.Join(", ", values)} "
            + $"{panel.Unit}. The table below has every figure.";
    }
}

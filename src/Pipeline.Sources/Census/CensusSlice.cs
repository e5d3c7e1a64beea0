using System.Globalization;
using Pipeline.Slices;

namespace Pipeline.Sources.Census;

/// <summary>What the key of a slice of the trade API says.</summary>
/// <remarks>
/// Totals: <c>2019</c>, one month of it <c>2019-03</c>. Commodities: <c>4621-2023</c> (one partner, one year),
/// <c>4621-2023-01</c>, <c>all-2023-01</c> (all partners, one month), <c>all-2023-01-27</c> (one chapter of it).
/// </remarks>
/// <param name="Flow"><c>exports</c> or <c>imports</c>.</param>
/// <param name="Level"><c>total</c>, <c>HS2</c>, <c>HS4</c> or <c>HS6</c>.</param>
/// <param name="Partner">The partner's code; null = all.</param>
/// <param name="Year">The year.</param>
/// <param name="Month">The month; null = the whole year.</param>
/// <param name="Chapter">The HS chapter; null = all.</param>
public sealed record CensusSlice(string Flow, string Level, string? Partner, int Year, int? Month, string? Chapter)
{
    /// <summary>The first month the API has.</summary>
    public static readonly DateOnly FirstMonth = new(2010, 1, 1);

    /// <summary>The source's name.</summary>
    public const string Source = "census-trade";

    public const string Exports = "exports";
    public const string Imports = "imports";
    public const string Total = "total";
    public const string BalanceDataset = "country-balance";
    private const string BalanceFormat = "yyyy-MM";

    /// <summary>How many months the slice covers: 12 or 1.</summary>
    public int Months => Month is null ? 12 : 1;

    /// <summary>The slice's first month.</summary>
    public DateOnly Start => new(Year, Month ?? 1, 1);

    /// <summary>The slice's last month.</summary>
    public DateOnly End => new(Year, Month ?? 12, 1);

    /// <summary>The dataset's name of a flow and level, for example <c>imports-hs2</c>.</summary>
    public static string DatasetOf(string flow, string level) => $"{flow}-{level.ToLowerInvariant()}";

    public string Dataset => DatasetOf(Flow, Level);

    /// <summary>
    /// The balance file's one slice names the month it is loaded from: with an earlier one it is another
    /// slice, and loaded again.
    /// </summary>
    public static string BalanceKey(DateOnly from) => from.ToString(BalanceFormat, CultureInfo.InvariantCulture);

    /// <summary>The month that a slice of the balance file is loaded from; false for other slices.</summary>
    public static bool TryParseBalance(Slice slice, out DateOnly from)
    {
        from = default;
        return slice.Dataset == BalanceDataset
            && DateOnly.TryParseExact(
                slice.Key,
                BalanceFormat,
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out from
            );
    }

    public string Key
    {
        get
        {
            var key = Month is { } month ? $"{Year:0000}-{month:00}" : $"{Year:0000}";
            if (Level != Total)
                key = $"{Partner ?? "all"}-{key}";
            return Chapter is null ? key : $"{key}-{Chapter}";
        }
    }

    /// <summary>The position of a month inside the slice, from 0; -1 when it lies outside.</summary>
    public int Index(int year, int month)
    {
        if (year != Year)
            return -1;
        if (Month is null)
            return month - 1;
        return month == Month ? 0 : -1;
    }

    /// <summary>Reads dataset and key of a slice of the API.</summary>
    public static CensusSlice Parse(Slice slice) =>
        TryParse(slice, out var parsed)
            ? parsed
            : throw new FormatException(
                $"{slice}: seen no slice of the trade API, expected one such as exports-total/2019"
            );

    /// <summary>Reads dataset and key of a slice; false when they are not of the API.</summary>
    public static bool TryParse(Slice slice, out CensusSlice parsed)
    {
        parsed = null!;
        var dash = slice.Dataset.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0)
            return false;
        var flow = slice.Dataset[..dash];
        var level = CensusOptions.AllLevels.FirstOrDefault(level =>
            string.Equals(level, slice.Dataset[(dash + 1)..], StringComparison.OrdinalIgnoreCase)
        );
        if (flow is not (Exports or Imports) || level is null)
            return false;
        var parts = slice.Key.Split('-');
        string? partner = null;
        if (level != Total)
        {
            if (parts[0] != "all")
            {
                if (!IsDigits(parts[0], 4))
                    return false;
                partner = parts[0];
            }
            parts = parts[1..];
        }
        if (
            parts.Length is < 1 or > 3
            || !IsDigits(parts[0], 4)
            || (parts.Length > 1 && !IsDigits(parts[1], 2))
            || (parts.Length > 2 && (level == Total || !IsDigits(parts[2], 2)))
        )
        {
            return false;
        }

        var year = int.Parse(parts[0], CultureInfo.InvariantCulture);
        int? month = parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : null;
        if (year is < 1900 or > 2200 || month is < 1 or > 12)
            return false;
        parsed = new CensusSlice(flow, level, partner, year, month, parts.Length > 2 ? parts[2] : null);
        return true;
    }

    private static bool IsDigits(string text, int length) => text.Length == length && text.All(char.IsAsciiDigit);
}

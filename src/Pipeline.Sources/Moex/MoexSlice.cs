using System.Globalization;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex;

/// <summary>The datasets of the source and the slices each is cut into.</summary>
public static class MoexSlice
{
    public const string Source = "moex-holders";

    /// <summary>The stock market's value at the close of the last trading day.</summary>
    public const string Capitalisation = "market-capitalisation";

    /// <summary>The Bank of Russia's monthly table.</summary>
    public const string Ofz = "ofz-nonresidents";

    /// <summary>The depository's daily figures.</summary>
    public const string Nsd = "nsd-holders";

    /// <summary>The file of statements that people maintain.</summary>
    public const string Holders = "holders-by-country";

    private const string LastDay = "last-day";
    private const string All = "all";
    private const string DayFormat = "yyyy-MM-dd";

    public static Slice OfCapitalisation { get; } = new(Source, Capitalisation, LastDay);
    public static Slice OfOfz { get; } = new(Source, Ofz, All);
    public static Slice OfHolders { get; } = new(Source, Holders, All);

    public static Slice OfNsd(DateOnly day) => new(Source, Nsd, day.ToString(DayFormat, CultureInfo.InvariantCulture));

    /// <summary>The day of a slice of <see cref="Nsd"/>.</summary>
    public static DateOnly Day(Slice slice) => DateOnly.ParseExact(slice.Key, DayFormat, CultureInfo.InvariantCulture);

    /// <summary>Reads the key of a slice of <see cref="Nsd"/>; false when it is no day of the dataset.</summary>
    public static bool TryDay(string key, out DateOnly day) =>
        DateOnly.TryParseExact(key, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out day)
        && day.Year is >= 2020 and < 2100;
}

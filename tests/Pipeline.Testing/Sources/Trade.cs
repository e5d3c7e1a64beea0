using System.Text;
using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Census;

namespace Pipeline.Testing;

/// <summary>The trade source as tests set it up.</summary>
internal static class Trade
{
    /// <summary>A key that must never be seen anywhere but in a request.</summary>
    public const string Canary = "canary0canary1canary2canary3canary4abcdef";

    public static CensusOptions Settings(
        IReadOnlyList<string>? partners = null,
        string levels = "total,HS2",
        string from = "1992-01",
        bool all = false,
        Uri? baseUrl = null,
        Uri? file = null
    ) =>
        new(
            baseUrl ?? CensusOptions.DefaultBaseUrl,
            Canary,
            all ? null : partners ?? ["4621"],
            levels.Split(','),
            DateOnly.ParseExact(from, "yyyy-MM", System.Globalization.CultureInfo.InvariantCulture),
            file ?? CensusOptions.DefaultCountryFileUrl
        );

    public static Slice Slice(string datasetAndKey)
    {
        var cut = datasetAndKey.IndexOf('/', StringComparison.Ordinal);
        return new Slice("census-trade", datasetAndKey[..cut], datasetAndKey[(cut + 1)..]);
    }

    public static ISliceReader Reader(string datasetAndKey, CensusOptions? settings = null) =>
        new CensusSource(settings ?? Settings()).Reader(Slice(datasetAndKey));

    /// <summary>A body written with single quotes; a character stands for the byte of its number.</summary>
    public static byte[] Body(string text) => Encoding.Latin1.GetBytes(text.Replace('\'', '"'));

    public static DateTimeOffset At(string moment) =>
        DateTimeOffset.Parse(
            moment,
            System.Globalization.CultureInfo.InvariantCulture,
            System.Globalization.DateTimeStyles.AssumeUniversal
        );
}

namespace Pipeline.Sources.Census;

/// <summary>What the settings <c>Census__*</c> say, already checked.</summary>
/// <param name="BaseUrl">The API's address up to and including <c>intltrade</c>.</param>
/// <param name="ApiKey">The key, sent as <c>key=</c>.</param>
/// <param name="Partners">Schedule C codes whose commodities are pulled; null = all partners.</param>
/// <param name="Levels">Of <c>total</c>, <c>HS2</c>, <c>HS4</c>, <c>HS6</c>.</param>
/// <param name="From">The first month wanted.</param>
/// <param name="CountryFileUrl">The country balance file; null when it is switched off.</param>
/// <param name="Extract">Whether answers are the recorded samples, of which some have the rows of the configured
/// partners alone: guards on completeness do not apply to those.</param>
public sealed record CensusSettings(
    Uri BaseUrl,
    string ApiKey,
    IReadOnlyList<string>? Partners,
    IReadOnlyList<string> Levels,
    DateOnly From,
    Uri? CountryFileUrl,
    bool Extract = false
)
{
    public static Uri DefaultBaseUrl { get; } = new("https://api.census.gov/data/timeseries/intltrade");
    public static Uri DefaultCountryFileUrl { get; } = new("https://www.census.gov/foreign-trade/balance/country.xlsx");

    /// <summary>The levels the API and the tables know.</summary>
    public static IReadOnlyList<string> AllLevels { get; } = ["total", "HS2", "HS4", "HS6"];

    /// <summary>The record must not print its key.</summary>
    public override string ToString() =>
        $"{BaseUrl}, partners {(Partners is null ? "*" : string.Join(',', Partners))}, levels "
        + $"{string.Join(',', Levels)}, from {From:yyyy-MM}";
}

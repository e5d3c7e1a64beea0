using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Settings;

namespace Pipeline.Sources.Census;

/// <summary>What the settings <c>Census__*</c> say, already checked.</summary>
/// <param name="BaseUrl">The API's address up to and including <c>intltrade</c>.</param>
/// <param name="ApiKey">The key, sent as <c>key=</c>.</param>
/// <param name="Partners">Schedule C codes whose commodities are pulled; null = all partners.</param>
/// <param name="Levels">Of <c>total</c>, <c>HS2</c>, <c>HS4</c>, <c>HS6</c>.</param>
/// <param name="From">The first month wanted.</param>
/// <param name="CountryFileUrl">The country balance file; null when it is switched off.</param>
/// <param name="Extract">True if responses are the recorded samples, of which some have the rows of the configured
/// partners alone: guards on completeness do not apply to those.</param>
public sealed record CensusOptions(
    Uri BaseUrl,
    string ApiKey,
    IReadOnlyList<string>? Partners,
    IReadOnlyList<string> Levels,
    DateOnly From,
    Uri? CountryFileUrl,
    bool Extract = false
) : ISourceOptions<CensusOptions>
{
    internal const string Publisher = "US Census Bureau";

    private const string BaseUrlSetting = "Census__BaseUrl";
    private const string ApiKeySetting = "Census__ApiKey";
    internal const string PartnersSetting = "Census__Partners";
    internal const string LevelsSetting = "Census__Levels";
    private const string FromSetting = "Census__From";
    private const string CountryFileUrlSetting = "Census__CountryFileUrl";

    /// <summary>The partner whose commodities the samples hold: Russia.</summary>
    private const string RecordedPartner = "4621";

    private const string DefaultLevels = "total,HS2";
    private const string DefaultFrom = "1992-01";

    public static Uri DefaultBaseUrl { get; } = new("https://api.census.gov/data/timeseries/intltrade");
    public static Uri DefaultCountryFileUrl { get; } = new("https://www.census.gov/foreign-trade/balance/country.xlsx");

    /// <summary>The levels the API and the tables know.</summary>
    public static IReadOnlyList<string> AllLevels { get; } = ["total", "HS2", "HS4", "HS6"];

    /// <summary>The settings of the source.</summary>
    public static SourceSettings Settings { get; } =
        new(
            CensusSlice.Source,
            "Census",
            new("CENSUS_SCHEDULE", "when the trade data is planned: six-field NCRONTAB, UTC", "required"),
            // Releases come at 08:30 in Washington, which is 12:30 or 13:30 UTC.
            "0 45 13 * * *",
            [
                SettingInfo.WithDefault(BaseUrlSetting, "address of the trade API", DefaultBaseUrl.AbsoluteUri),
                SettingInfo.Secret(
                    ApiKeySetting,
                    "key of the trade API; a secret",
                    "required when live",
                    isRequired: true
                ),
                SettingInfo.WithDefault(
                    PartnersSetting,
                    "partners whose commodities are pulled: Schedule C codes such as `4621,5700`, or `*`; totals "
                        + "always cover all partners",
                    RecordedPartner
                ),
                SettingInfo.WithDefault(LevelsSetting, "any of `total,HS2,HS4,HS6`", DefaultLevels),
                SettingInfo.WithDefault(
                    FromSetting,
                    "the first month wanted, `yyyy-MM`; from 2010 on whole years are loaded",
                    DefaultFrom
                ),
                SettingInfo.WithDefault(
                    CountryFileUrlSetting,
                    "address of the country balance file; empty switches it off",
                    DefaultCountryFileUrl.AbsoluteUri
                ),
            ]
        )
        {
            Figures = "US trade in goods by country and commodity, monthly from 1992 (US Census Bureau)",
            Requests =
                "one request at a time, 500 ms apart; the first run makes some 70 requests of 5 to 40 s. Then the open "
                + "year daily once its next month may be out, and the three latest closed years after each June's "
                + "revision",
        };

    /// <inheritdoc/>
    /// <remarks>
    /// One request at a time, 500 ms apart; an answer takes 5 to 40 s and may need a second try (census.md,
    /// section 1.5).
    /// </remarks>
    public Courtesy Courtesy => Courtesy.Standard.At(BaseUrl);

    /// <summary>Reads the settings; what is wrong is reported to the reader.</summary>
    public static CensusOptions Read(SettingsReader reader) =>
        new(
            reader.Url(BaseUrlSetting, DefaultBaseUrl, mayBeEmpty: false)!,
            reader.Secret(
                ApiKeySetting,
                "an API key, free at https://api.census.gov/data/key_signup.html",
                required: reader.UseSamples == false
            ) ?? "samples",
            ReadPartners(reader),
            ReadLevels(reader),
            ReadFrom(reader),
            reader.Url(CountryFileUrlSetting, DefaultCountryFileUrl, mayBeEmpty: true),
            reader.UseSamples == true
        );

    /// <summary>The record must not print its key.</summary>
    public override string ToString() =>
        $"{BaseUrl}, partners {(Partners is null ? "*" : string.Join(',', Partners))}, levels "
        + $"{string.Join(',', Levels)}, from {From:yyyy-MM}";

    private static IReadOnlyList<string>? ReadPartners(SettingsReader reader)
    {
        var text = reader.Value(PartnersSetting) ?? RecordedPartner;
        if (reader.UseSamples == true && text != RecordedPartner)
        {
            reader.Report(
                new Finding(
                    PartnersSetting,
                    Finding.Quote(text),
                    $"{RecordedPartner} while {SettingNames.SourcesMode} is samples, because the samples hold the "
                        + "commodities of no other partner",
                    $"for other partners set {SettingNames.SourcesMode}=live"
                )
            );
            return [];
        }

        if (text == "*")
            return null;
        var codes = SettingsReader.Parts(text);
        if (
            codes.Count > 0
            && codes.All(code => code.Length == 4 && CensusPartners.KindOf(code) == CensusPartners.Kind.Country)
        )
        {
            return codes;
        }

        reader.Report(
            PartnersSetting,
            text,
            "Schedule C codes of countries (four digits, 1 to 8 first), or *",
            "4621,5700"
        );
        return [];
    }

    private static IReadOnlyList<string> ReadLevels(SettingsReader reader)
    {
        var text = reader.Value(LevelsSetting) ?? DefaultLevels;
        var levels = SettingsReader.Parts(text);
        if (levels.Count > 0 && levels.All(level => AllLevels.Contains(level, StringComparer.OrdinalIgnoreCase)))
            return [.. AllLevels.Where(level => levels.Contains(level, StringComparer.OrdinalIgnoreCase))];
        reader.Report(LevelsSetting, text, $"any of {string.Join(',', AllLevels)}", DefaultLevels);
        return [];
    }

    private static DateOnly ReadFrom(SettingsReader reader)
    {
        var text = reader.Value(FromSetting) ?? DefaultFrom;
        if (
            DateOnly.TryParseExact(text, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.None, out var from)
            && from.Year is >= 1985 and < 2100
        )
        {
            return from;
        }

        reader.Report(FromSetting, text, "a month from 1985-01 on, yyyy-MM", DefaultFrom);
        return new DateOnly(1992, 1, 1);
    }
}

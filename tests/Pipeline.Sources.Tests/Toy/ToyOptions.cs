using Pipeline.Datasets;
using Pipeline.Settings;

namespace Pipeline.Sources.Toy;

/// <summary>The settings <c>Toy__*</c>, checked.</summary>
/// <param name="BaseUrl">The folder of the yearly files.</param>
public sealed record ToyOptions(Uri BaseUrl) : ISourceOptions<ToyOptions>
{
    public const string Source = "toy-rates";

    private const string BaseUrlSetting = "Toy__BaseUrl";

    private static readonly Uri DefaultBaseUrl = new("https://bank.example/rates");

    /// <summary>The settings of the source.</summary>
    public static SourceSettings Settings { get; } =
        new(
            Source,
            "Toy",
            new("TOY_SCHEDULE", "when the reference rates are planned", "required"),
            "0 0 6 * * *",
            [SettingInfo.WithDefault(BaseUrlSetting, "address of the yearly files", DefaultBaseUrl.AbsoluteUri)]
        )
        {
            Figures = "reference rates of currencies, monthly from 2020 (Bank of Example)",
            Requests = "one file a year; the open year daily, closed years once a month",
        };

    /// <inheritdoc/>
    public Courtesy Courtesy => Courtesy.Standard.At(BaseUrl);

    /// <summary>Reads the settings. Reports what is wrong to the reader.</summary>
    public static ToyOptions Read(SettingsReader reader) =>
        new(reader.Url(BaseUrlSetting, DefaultBaseUrl, mayBeEmpty: false)!);
}

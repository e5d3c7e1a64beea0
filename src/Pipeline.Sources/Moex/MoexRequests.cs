using Pipeline.Datasets;
using Pipeline.Slices;

namespace Pipeline.Sources.Moex;

/// <summary>The requests of the holders data.</summary>
internal sealed class MoexRequests(MoexOptions settings)
{
    /// <summary>The most objects asked of the depository; a day has one for each type of asset and method.</summary>
    public const int NsdLimit = 1000;

    /// <summary>
    /// The answer has 300 bytes; a list of some thousand securities, several pages of it, would fit too.
    /// </summary>
    private const long MaxIss = 16L << 20;

    /// <summary>A few hundred rows.</summary>
    private const long MaxOfz = 16L << 20;

    /// <summary>Some hundred securities of a day.</summary>
    private const long MaxNsd = 32L << 20;

    private const long MaxHolders = 4L << 20;

    public SourceRequest Request(Slice slice) =>
        slice.Dataset switch
        {
            MoexSlice.Capitalisation => new SourceRequest(
                new Uri(
                    $"{(settings.IssUrl ?? MoexOptions.DefaultIssUrl).AbsoluteUri.TrimEnd('/')}/statistics/engines/"
                        + "stock/capitalization.json?iss.meta=off&lang=en"
                ),
                "json",
                MaxIss
            ),
            MoexSlice.Ofz => new SourceRequest(settings.OfzTableUrl ?? MoexOptions.SampleOfzTableUrl, "xlsx", MaxOfz),
            MoexSlice.Nsd => new SourceRequest(
                new Uri(
                    $"{(settings.NsdUrl ?? MoexOptions.DefaultNsdUrl).AbsoluteUri}?limit={NsdLimit}&filter={Uri.EscapeDataString($$"""{"date":"{{slice.Key}}"}""")}"
                ),
                "json",
                MaxNsd
            )
            {
                Secrets = [new SourceSecret("apikey", settings.NsdApiKey)],
            },
            _ => SourceRequest.Curated(
                settings.HoldersFile.Length > 0 ? settings.HoldersFile : MoexOptions.DefaultHoldersFile,
                "csv",
                MaxHolders
            ),
        };
}

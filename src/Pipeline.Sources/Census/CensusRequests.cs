using System.Text;
using Pipeline.Datasets;

namespace Pipeline.Sources.Census;

/// <summary>The requests of the trade data.</summary>
internal sealed class CensusRequests(CensusOptions settings)
{
    /// <summary>A month of HS6 rows of all partners stays below; the spec's largest answer is 1.5 MB.</summary>
    private const long MaxAnswer = 256L << 20;

    /// <summary>The file has 1.8 MB.</summary>
    private const long MaxFile = 32L << 20;

    public SourceRequest Balance() =>
        new(settings.CountryFileUrl ?? CensusOptions.DefaultCountryFileUrl, "xlsx", MaxFile);

    public SourceRequest Trade(CensusSlice parsed)
    {
        var columns = CensusColumns.Of(parsed);
        var url = new StringBuilder(settings.BaseUrl.AbsoluteUri.TrimEnd('/'));
        url.Append('/').Append(parsed.Flow).Append("/hs?get=").AppendJoin(',', columns.Asked);
        if (parsed.Level != CensusSlice.Total)
            url.Append("&COMM_LVL=").Append(parsed.Level);
        if (parsed.Chapter is { } chapter)
            url.Append('&').Append(columns.Commodity).Append('=').Append(chapter).Append('*');
        if (parsed.Partner is { } partner)
            url.Append("&CTY_CODE=").Append(partner);
        url.Append("&time=")
            .Append(parsed.Month is { } month ? $"{parsed.Year:0000}-{month:00}" : $"{parsed.Year:0000}");
        return new SourceRequest(new Uri(url.ToString()), "json", MaxAnswer)
        {
            Secrets = [new SourceSecret("key", settings.ApiKey)],
        };
    }
}

/// <summary>The API's variables for a flow and level.</summary>
internal sealed record CensusColumns(string Value, string YearToDate, string? Commodity, string? CommodityName)
{
    public const string Code = "CTY_CODE";
    public const string Name = "CTY_NAME";

    /// <summary>What <c>get=</c> asks for.</summary>
    public IEnumerable<string> Asked =>
        Commodity is null
            ? [Code, Name, Value, YearToDate]
            : [Commodity, CommodityName!, Code, Name, Value, YearToDate];

    /// <remarks>
    /// General imports (GEN) are the figure of the trade balance; imports for consumption (CON) are another
    /// total.
    /// </remarks>
    public static CensusColumns Of(CensusSlice slice)
    {
        var (value, letter) = slice.Flow == CensusSlice.Exports ? ("ALL_VAL", 'E') : ("GEN_VAL", 'I');
        return slice.Level == CensusSlice.Total
            ? new($"{value}_MO", $"{value}_YR", null, null)
            : new($"{value}_MO", $"{value}_YR", $"{letter}_COMMODITY", $"{letter}_COMMODITY_SDESC");
    }
}

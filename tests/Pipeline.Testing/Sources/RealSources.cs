using Pipeline.Datasets;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Sources.Census.Balance;
using Pipeline.Sources.Census.Trade;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Moex.Capitalisation;
using Pipeline.Sources.Moex.Holders;
using Pipeline.Sources.Moex.Nsd;
using Pipeline.Sources.Moex.Ofz;
using Pipeline.Sources.Unctad;
using Pipeline.Sources.Unctad.FlowsStock;
using Pipeline.Sources.Unctad.Partners;

namespace Pipeline.Testing;

/// <summary>
/// The sources of the program with settings of a test's own, and short words for what a slice's dataset says.
/// </summary>
internal static class RealSources
{
    public static Source Of(CensusOptions options) =>
        new(
            CensusSlice.Source,
            options.Courtesy,
            [
                .. CensusTradeDataset.All.Select(series => new CensusTradeDataset(options, series)),
                new CensusBalanceDataset(options),
            ]
        );

    public static Source Of(UnctadOptions options) =>
        new(UnctadSlice.Source, options.Courtesy, [new FdiFlowsStockDataset(options), new FdiPartnersDataset(options)]);

    public static Source Of(MoexOptions options) =>
        new(
            MoexSlice.Source,
            options.Courtesy,
            [
                new MoexHoldersDataset(options),
                new MoexCapitalisationDataset(options),
                new MoexOfzDataset(options),
                new MoexNsdDataset(options),
            ]
        );

    public static SourceRequest GetRequest(this Source source, Slice slice) => source.Of(slice).GetRequest(slice);

    public static DateTimeOffset? GetNextDue(this Source source, Slice slice, string? newest, DateTimeOffset now) =>
        source.Of(slice).GetNextDue(slice, newest, now);

    public static DateTimeOffset? GetReleaseDate(this Source source, Slice slice) =>
        source.Of(slice).GetReleaseDate(slice);

    public static string? GetExpectedPeriod(this Source source, Slice slice, DateTimeOffset now) =>
        source.Of(slice).GetExpectedPeriod(slice, now);

    public static IReadOnlyList<Slice> Split(this Source source, Slice slice) =>
        (source.Of(slice) as ISplittable)?.Split(slice) ?? [];

    public static bool IsPublished(this Source source, Slice slice, IReadOnlyCollection<SliceRow> known) =>
        (source.Of(slice) as ISplittable)?.IsPublished(slice, known) ?? false;
}

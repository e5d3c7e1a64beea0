using Azure.Core.Pipeline;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Sources.Moex;
using Pipeline.Sources.Unctad;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;

namespace Pipeline.Faults.Sources;

/// <summary>A dataset of a real source, asked for at the simulated server.</summary>
/// <param name="SliceId">A slice of it.</param>
/// <param name="Path">What its decisive request holds; of a curated file its name.</param>
/// <param name="Table">Its fact table.</param>
/// <param name="Make">The source, with only this dataset switched on where that is possible.</param>
/// <param name="Part">Which of several requests is meant; empty for the decisive one.</param>
internal sealed record SourceCase(string SliceId, string Path, string Table, Func<Uri, Source> Make, string Part = "")
{
    public const string Catalogue = "catalogue",
        SecondPage = "page 2";

    /// <summary>Longer than any pause, shorter than any time-out of the three sources.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(119);

    /// <summary>
    /// When the simulated world is looked at first: all of 2019 is out, and the depository has figures for a week.
    /// </summary>
    public static readonly DateTimeOffset Start = new(2020, 3, 20, 13, 15, 0, TimeSpan.Zero);

    public const string CensusKey = "canary0canary1canary2canary3canary4abcdef",
        NsdKey = "canary5canary6canary7canary8canary9ghijkl",
        ClientId = "canary-client-id-0123456789",
        ClientSecret = "canary-client-secret-0123456789";

    public Slice Slice => SliceOf(SliceId);

    public static Slice SliceOf(string id) => Slice.TryParse(id, out var slice) ? slice : throw new FormatException(id);

    public bool IsCurated => Path.EndsWith(".csv", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Part.Length == 0 ? SliceId : $"{SliceId}, {Part}";

    /// <summary>What the publishers say in one of their revisions.</summary>
    public SourceData Data(int version) => new(7, version) { Pages = Part == SecondPage ? 2 : 1 };

    public static Source Census(Uri server, string from = "2019-01", bool balance = true) =>
        RealSources.Of(
            new CensusOptions(
                new Uri(server, SourceData.TradePath),
                CensusKey,
                ["4621"],
                ["total", "HS2"],
                DateOnly.ParseExact(from, "yyyy-MM", System.Globalization.CultureInfo.InvariantCulture),
                balance ? new Uri(server, SourceData.CountryPath) : null
            )
        );

    public static Source Unctad(Uri server, bool extract = true) =>
        RealSources.Of(
            new UnctadOptions(
                new Uri(server, SourceData.BulkPath),
                new Uri(server, SourceData.CataloguePath),
                new Uri(server, "/US.FdiFlowsStock/cur/Facts"),
                ClientId,
                ClientSecret,
                "fdi-partners.csv",
                extract
            )
        );

    public static Source Moex(Uri server, bool nsd = true) =>
        RealSources.Of(
            new MoexOptions(
                new Uri(server, "/iss"),
                new Uri(server, SourceData.OfzPath),
                nsd ? new Uri(server, SourceData.NsdPath) : null,
                nsd ? NsdKey : "",
                "holders.csv"
            )
        );

    /// <summary>Every dataset of every source.</summary>
    public static IReadOnlyList<SourceCase> All { get; } =
    [
        new("census-trade/exports-total/2019", "/exports/hs", "trademonthly", server => Census(server)),
        new("census-trade/imports-total/2019", "/imports/hs", "trademonthly", server => Census(server)),
        new("census-trade/exports-hs2/4621-2019", "/exports/hs", "trademonthly", server => Census(server)),
        new("census-trade/imports-hs2/4621-2019", "/imports/hs", "trademonthly", server => Census(server)),
        new("census-trade/country-balance/2005-01", SourceData.CountryPath, "trademonthly", server =>
            Census(server, "2005-01")
        ),
        new("unctad-fdi/fdi-flows-stock/all", SourceData.BulkPath, "fdiannual", server => Unctad(server)),
        new("unctad-fdi/fdi-partners/all", "fdi-partners.csv", "fdipartners", server => Unctad(server)),
        new("moex-holders/market-capitalisation/last-day", SourceData.IssPath, "holders", server => Moex(server)),
        new("moex-holders/ofz-nonresidents/all", SourceData.OfzPath, "holders", server => Moex(server)),
        new("moex-holders/nsd-holders/2020-03-19", SourceData.NsdPath, "holders", server => Moex(server)),
        new("moex-holders/holders-by-country/all", "holders.csv", "holders", server => Moex(server)),
    ];

    /// <summary>
    /// Every request that a server may break: that of every dataset, those that go before it and those that
    /// come after.
    /// </summary>
    public static IReadOnlyList<SourceCase> Requests { get; } =
    [
        .. All.Where(dataset => !dataset.IsCurated),
        new(
            "unctad-fdi/fdi-flows-stock/all",
            SourceData.CataloguePath,
            "fdiannual",
            server => Unctad(server),
            Catalogue
        ),
        new("moex-holders/market-capitalisation/last-day", "start=1", "holders", server => Moex(server), SecondPage),
    ];

    public TestPipeline Open(SourceSimulator server, VirtualClock clock, params HttpPipelinePolicy[] policies) =>
        new(MemoryStorage.ConnectionString, Make(server.Address), clock, policies);

    /// <summary>Puts the files that people maintain where they belong.</summary>
    public static async Task PutCuratedAsync(TestPipeline pipeline, SourceData data)
    {
        var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.CuratedContainer);
        await container.CreateIfNotExistsAsync();
        foreach (var file in (string[])["holders.csv", "fdi-partners.csv"])
            await container.GetBlobClient(file).UploadAsync(BinaryData.FromString(data.Curated(file)), overwrite: true);
    }

    /// <summary>
    /// Pulls the slice and works until nothing is left; time goes on when the server lets its callers wait.
    /// </summary>
    public async Task PullAsync(
        TestPipeline pipeline,
        SourceSimulator server,
        VirtualClock clock,
        MemoryStorage storage
    )
    {
        await pipeline.Get<StepQueues>().SendAsync(new PullMessage(SliceId), CancellationToken.None);
        await Host.DriveAsync(Host.DrainAsync(pipeline, clock, storage), server, clock);
    }
}

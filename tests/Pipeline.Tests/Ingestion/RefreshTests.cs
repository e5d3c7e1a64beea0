using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Exports;
using Pipeline.Ingestion;
using Pipeline.Insight;
using Pipeline.Insight.Claims;
using Pipeline.Slices;
using Pipeline.Sources.Census;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>
/// When indicators, claims and files are made again although no slice has changed, and when they are not.
/// </summary>
public sealed class RefreshTests
{
    private const string Source = "census-trade";

    /// <summary>
    /// A real source, since only those have indicators and claims; the address is of this machine, so that no
    /// pause is kept between two samples.
    /// </summary>
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["Census__From"] = "2023-01",
        ["Census__Levels"] = "total",
        ["Census__CountryFileUrl"] = "",
        ["Census__BaseUrl"] = "http://127.0.0.1/data/timeseries/intltrade",
    };

    [Fact]
    public async Task Other_claims_are_checked_by_the_next_plan_though_no_figure_has_changed()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), Settings);
        await pipeline.RunAsync();
        await NothingIsDueAsync(pipeline);
        Assert.DoesNotContain(await ClaimsAsync(pipeline), claim => claim.StartsWith("x ", StringComparison.Ordinal));

        var (plan, refresh, requests) = With(pipeline, "one");
        await plan.RunAsync(Source, CancellationToken.None);
        var message = Assert.Single((await pipeline.Queue(Names.PublishQueue).ReceiveMessagesAsync(32)).Value);
        var asked = new RefreshSourceMessage(Source);
        Assert.Equal(asked, StepMessage.Read(Names.PublishQueue, message.Body.ToString()));
        await refresh.RunAsync(asked, CancellationToken.None);
        Assert.Equal(["x c: one"], await ClaimsAsync(pipeline));
        Assert.True(await requests.IsDoneAsync(Source, CancellationToken.None));

        // Corrected: the same claim in other words.
        var (_, corrected, changed) = With(pipeline, "two");
        Assert.False(await changed.IsDoneAsync(Source, CancellationToken.None));
        await corrected.RunAsync(asked, CancellationToken.None);
        Assert.Equal(["x c: two"], await ClaimsAsync(pipeline));
    }

    [Fact]
    public async Task The_same_program_claims_and_settings_write_nothing_and_send_nothing()
    {
        var account = new MemoryStorage(TimeProvider.System);
        await using var pipeline = new TestPipeline(account, Settings);
        await pipeline.RunAsync();
        await NothingIsDueAsync(pipeline);
        // Another process that is the same.
        await using var next = new TestPipeline(account, Settings);
        var before = await VersionsAsync(next);
        Assert.Empty(await next.Get<Plan>().RunAsync(Source, CancellationToken.None));
        Assert.Null((await next.Queue(Names.PublishQueue).ReceiveMessageAsync()).Value);
        await next.DoAsync(new RefreshSourceMessage(Source));
        Assert.Contains($"Information: {Source}: indicators, claims and files are up to date", next.Log);
        Assert.Equal(before, await VersionsAsync(next));
    }

    [Fact]
    public async Task Other_partners_are_a_reason()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), Settings);
        await pipeline.RunAsync();
        var (services, census) = (pipeline.Get<IServiceProvider>(), pipeline.Get<IOptions<CensusOptions>>().Value);
        foreach (
            var partners in (IReadOnlyList<string>?[])
                [
                    ["4621"],
                    ["4621", "5700"],
                    null,
                ]
        )
        {
            var insight = ActivatorUtilities.CreateInstance<InsightRun>(
                services,
                Options.Create(census with { Partners = partners })
            );
            Assert.Equal(
                partners is ["4621"],
                await With(services, insight).Requests.IsDoneAsync(Source, CancellationToken.None)
            );
        }
    }

    [Fact]
    public async Task Another_version_of_the_program_is_a_reason_and_what_it_derives_the_same_is_not_written()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(TimeProvider.System), Settings);
        await pipeline.RunAsync();
        var rows = await pipeline.Get<SliceBook>().ListAsync(Source, CancellationToken.None);
        var insight = pipeline.Get<InsightRun>().Fingerprint;
        var mark = (await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None))[Source];
        Assert.Equal(DerivedOutputs.Mark(rows, pipeline.Get<ProgramVersion>().Id, insight), mark);

        var container = pipeline
            .Get<StorageAccount>()
            .Blobs.GetBlobContainerClient(Names.ExportsContainer)
            .GetBlobClient(ExportCatalog.BlobName);
        var catalog = ExportCatalog.Read((await container.DownloadContentAsync()).Value.Content);
        var older = DerivedOutputs.Mark(rows, Guid.NewGuid(), insight);
        Assert.NotEqual(mark, older);
        await container.UploadAsync(
            (catalog with { Marks = new Dictionary<string, string> { [Source] = older } }).Write(),
            overwrite: true
        );
        var before = await VersionsAsync(pipeline);
        await pipeline.RunAsync();
        Assert.Equal(
            ["exports catalog.json"],
            (await VersionsAsync(pipeline)).Except(before).Select(version => version.Key)
        );
        Assert.Equal(mark, (await pipeline.Get<Exporter>().MarksAsync(CancellationToken.None))[Source]);
    }

    private static readonly DateTimeOffset Day = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_mark_differs_with_each_thing_that_it_stands_for()
    {
        var (program, slice) = (Guid.NewGuid(), new Slice(Source, "exports-total", "2023"));
        var loaded = new SliceRow(slice)
        {
            Loaded = new LoadedBody(new RawName(slice, Day, "0123456789ab", "json"), "", 1) { LastChanged = Day },
        };
        string[] marks =
        [
            DerivedOutputs.Mark([loaded], program, "x"),
            DerivedOutputs.Mark([loaded], Guid.NewGuid(), "x"),
            DerivedOutputs.Mark([loaded], program, "y"),
            DerivedOutputs.Mark([], program, "x"),
            DerivedOutputs.Mark(
                [loaded with { Loaded = loaded.Loaded with { LastChanged = Day.AddTicks(1) } }],
                program,
                "x"
            ),
            DerivedOutputs.Mark(
                [
                    loaded with
                    {
                        Loaded = loaded.Loaded with
                        {
                            Body = new RawName(slice, Day.AddSeconds(1), "0123456789ab", "json"),
                        },
                    },
                ],
                program,
                "x"
            ),
            DerivedOutputs.Mark([loaded, loaded with { Slice = slice with { Key = "2024" } }], program, "x"),
        ];
        Assert.Equal(marks.Length, marks.Distinct().Count());
        Assert.Equal(
            marks[0],
            DerivedOutputs.Mark(
                [new SliceRow(slice with { Key = "2025" }), loaded with { LastPulled = loaded.Vintage, Attempts = 3 }],
                program,
                "x"
            )
        );
    }

    /// <summary>The steps of a program that has one claim.</summary>
    private static (Plan, RefreshSource, RefreshRequests) With(TestPipeline pipeline, string statement)
    {
        var book = ClaimBook.Parse(
            [
                (
                    "f.json",
                    $$"""
                    {"articles":[{"id":"x","title":"X","date":"2020-02-01"}],"claims":[{"id":"c","article":"x","statement":"{{statement}}","comparison":"equals","subject":"it",
                     "expression":"us-ru-exports-annual[2018]","stated":{"value":6.6,"unit":"billion US dollars","decimals":1} } ] }
                    """
                ),
            ],
            out var findings
        );
        Assert.True(book is not null, string.Join('\n', findings));
        var services = pipeline.Get<IServiceProvider>();
        return With(services, ActivatorUtilities.CreateInstance<InsightRun>(services, book));
    }

    private static (Plan Plan, RefreshSource Refresh, RefreshRequests Requests) With(
        IServiceProvider services,
        InsightRun insight
    )
    {
        var outputs = ActivatorUtilities.CreateInstance<DerivedOutputs>(services, insight);
        var requests = ActivatorUtilities.CreateInstance<RefreshRequests>(services, outputs);
        var next = ActivatorUtilities.CreateInstance<NextSteps>(services, requests);
        return (
            ActivatorUtilities.CreateInstance<Plan>(services, next),
            ActivatorUtilities.CreateInstance<RefreshSource>(services, outputs, requests),
            requests
        );
    }

    /// <summary>The samples end in the past, so that every plan would ask for them again.</summary>
    private static async Task NothingIsDueAsync(TestPipeline pipeline)
    {
        foreach (var row in await pipeline.Get<SliceBook>().ListAsync(Source, CancellationToken.None))
        {
            await pipeline.ChangeAsync(row.Slice, now => now with { NextDue = DateTimeOffset.MaxValue });
        }
    }

    private static async Task<List<string>> ClaimsAsync(TestPipeline pipeline) =>
        [
            .. (await pipeline.RowsAsync(Names.Claims)).Select(row =>
                $"{row.PartitionKey} {row.RowKey}: {row.GetString("Statement")}"
            ),
        ];

    /// <summary>Of everything that a refresh writes.</summary>
    private static async Task<Dictionary<string, string>> VersionsAsync(TestPipeline pipeline)
    {
        var versions = new Dictionary<string, string>();
        foreach (var table in (string[])[Names.Indicators, Names.Claims, Names.History])
        {
            foreach (var row in await pipeline.RowsAsync(table))
                versions.Add($"{table} {row.PartitionKey} {row.RowKey}", row.ETag.ToString());
        }

        await foreach (
            var blob in pipeline
                .Get<StorageAccount>()
                .Blobs.GetBlobContainerClient(Names.ExportsContainer)
                .GetBlobsAsync()
        )
        {
            versions.Add($"exports {blob.Name}", blob.Properties.ETag.ToString()!);
        }

        Assert.Contains(versions, version => version.Key.StartsWith("exports trademonthly/", StringComparison.Ordinal));
        return versions;
    }
}

using System.Globalization;
using Azure.Core.Pipeline;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;
using Pipeline.Ingestion;
using Pipeline.Insight;
using Pipeline.Report;
using Pipeline.Runs;
using Pipeline.Settings;
using Pipeline.Slices;
using Pipeline.Sources;
using Pipeline.Storage;

namespace Pipeline.Benchmarks;

/// <summary>
/// The pipeline as the app puts it together, on one storage account, its steps called instead of triggered.
/// </summary>
internal sealed class PipelineUnderTest : IAsyncDisposable
{
    public const string Dataset = "imports-hs6";
    public const string Source = "census-trade";

    /// <summary>When the first body was fetched; each later one a second after.</summary>
    private static readonly DateTimeOffset FirstVintage = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ServiceProvider services;

    // Measured is what is deployed, also on this machine.
    static PipelineUnderTest() => AppContext.SetSwitch(AzureLimitsPolicy.OffSwitch, true);

    /// <param name="connection">The storage account.</param>
    /// <param name="census">The publisher's address; without one nothing can be pulled.</param>
    /// <param name="policies">Put under the storage clients.</param>
    public PipelineUnderTest(string connection, string? census = null, params HttpPipelinePolicy[] policies)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                Settings(connection, census)
                    .ToDictionary(
                        setting => setting.Key.Replace("__", ":", StringComparison.Ordinal),
                        string? (setting) => setting.Value
                    )
            )
            .Build();
        var collection = new ServiceCollection()
            .AddLogging()
            .AddPipelineEngine(configuration)
            .AddSources(configuration)
            .AddInsight()
            .AddReport();
        if (policies.Length > 0)
            collection.AddSingleton(_ => StorageAccount.Open(configuration, Names.Connection, [], policies)!);
        services = collection.BuildServiceProvider();
        if (services.CheckSettings() is { Count: > 0 } findings)
            throw new BenchmarkException(string.Join('\n', findings));
    }

    /// <summary>Settings with the trade of all partners by HS6, and nothing else.</summary>
    public static Dictionary<string, string> Settings(string connection, string? census) =>
        new(
            SourceServices.Settings.ToDictionary(source => source.Schedule.Name, source => source.ScheduleExample),
            StringComparer.Ordinal
        )
        {
            ["AzureWebJobsStorage"] = connection,
            ["PipelineStorage"] = connection,
            ["MONITOR_SCHEDULE"] = "0 */15 * * * *",
            ["Sources__Mode"] = "live",
            ["Census__ApiKey"] = "benchmarks",
            ["Census__BaseUrl"] = census ?? "http://127.0.0.1:1/census",
            ["Census__Partners"] = "*",
            ["Census__Levels"] = "HS6",
            ["Census__From"] = "2010-01",
            ["Census__CountryFileUrl"] = "",
            ["Unctad__BulkUrl"] = "",
            ["Unctad__PartnersFile"] = "",
            ["Moex__IssUrl"] = "",
            ["Moex__NsdUrl"] = "",
            ["Moex__HoldersFile"] = "",
        };

    public T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    public static Slice SliceOf(string key) => new(Source, Dataset, key);

    /// <summary>The stored body of a slice.</summary>
    /// <param name="key">The slice's key.</param>
    /// <param name="sha256">The body's hash.</param>
    /// <param name="number">Which body of the slice it is, from 0.</param>
    public static RawName BodyOf(string key, string sha256, int number) =>
        new(SliceOf(key), FirstVintage.AddSeconds(number), sha256[..12], "json");

    /// <summary>Stores a body as a pull does.</summary>
    public async Task StoreAsync(RawName name, string sha256, Stream body)
    {
        await Get<RawStore>()
            .PutAsync(
                name,
                body,
                new Dictionary<string, string> { ["sha256"] = sha256 },
                "application/json",
                CancellationToken.None
            );
    }

    private Task DoAsync(StepMessage message) => Get<StepRunner>().RunAsync(message, CancellationToken.None);

    /// <summary>Loads a stored body.</summary>
    public Task NormalizeAsync(RawName name) => DoAsync(new NormalizeMessage(name.Slice.Id, name.Blob));

    /// <summary>Asks the publisher for a slice.</summary>
    public Task PullAsync(string key) => DoAsync(new PullMessage(SliceOf(key).Id, default));

    /// <summary>The newest stored body of a slice.</summary>
    public async Task<RawName> NewestAsync(string key) =>
        (await Get<RawStore>().ListAsync(SliceOf(key), CancellationToken.None))[^1];

    /// <summary>
    /// Completes the run of a loaded body, then what depends on the source as a whole: indicators, claims,
    /// files.
    /// </summary>
    public async Task PublishAsync(RawName name)
    {
        await DoAsync(new CompleteRunMessage(name.Slice.Id, name.Blob));
        await DoAsync(new RefreshSourceMessage(name.Slice.Source));
    }

    /// <summary>What the ledger says of a body, under names of figures.</summary>
    /// <exception cref="BenchmarkException">The counts do not add up.</exception>
    public async Task AddLedgerAsync(RawName name, Dictionary<string, double> figures)
    {
        var run = await Get<RunBook>()
            .GetAsync(new RunRow(name.RunId, name.Slice, name.Vintage), CancellationToken.None)
            ?? throw new BenchmarkException($"{name.Blob}: no row in runs");
        if (!run.Counts.AddUp || run.Error.Length > 0)
        {
            throw new BenchmarkException(
                $"{name.Blob}: seen {run.Counts} {run.State} {run.Error}, expected counts that add up"
            );
        }

        foreach (
            var (what, count) in (ReadOnlySpan<(string, long)>)
                [
                    ("read", run.Counts.Read),
                    ("added", run.Counts.Added),
                    ("changed", run.Counts.Changed),
                    ("unchanged", run.Counts.Unchanged),
                    ("excluded", run.Counts.Excluded),
                    ("missing", run.Counts.Missing),
                    ("rejected", run.Counts.Rejected),
                ]
        )
        {
            figures[what] = count;
        }
    }

    /// <summary>Loads other rows than the measured ones, so that what is measured has been compiled.</summary>
    /// <param name="rows">How many; 0 for none.</param>
    /// <param name="again">Whether to load them a second time, with one in a hundred changed.</param>
    /// <param name="publish">Whether to publish them.</param>
    public async Task WarmAsync(int rows, bool again, bool publish = false)
    {
        if (rows == 0)
            return;
        for (var revision = 0; revision <= (again ? 1 : 0); revision++)
        {
            var shape = TradeShape.OfRows(rows, TradeShape.WarmYear, revision);
            using var body = new MemoryStream();
            var (sha256, _) = TradePayload.Write(shape, body);
            body.Position = 0;
            var name = BodyOf(shape.SliceKey, sha256, revision);
            await StoreAsync(name, sha256, body);
            await NormalizeAsync(name);
            if (publish)
                await PublishAsync(name);
        }
    }

    public static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => services.DisposeAsync();
}

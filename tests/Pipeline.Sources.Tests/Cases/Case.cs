using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>A run of the real steps against a publisher on this machine, and how it ends.</summary>
internal sealed class Case : IAsyncDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private readonly string source;
    private readonly CaseServer server;
    private readonly Action<IServiceCollection, IConfiguration>? register;

    /// <summary>Settings with which no source asks anything but this server.</summary>
    public Case(string source, CaseServer server, params (string Name, string Value)[] more)
        : this(source, server, new HastyClock(Now, TimeSpan.FromSeconds(119)), null, null, more) { }

    /// <summary>The same with datasets that the program does not have.</summary>
    public Case(
        string source,
        CaseServer server,
        Action<IServiceCollection, IConfiguration> register,
        params (string Name, string Value)[] more
    )
        : this(source, server, new HastyClock(Now, TimeSpan.FromSeconds(119)), null, register, more) { }

    private Case(
        string source,
        CaseServer server,
        HastyClock clock,
        MemoryStorage? account,
        Action<IServiceCollection, IConfiguration>? register,
        (string Name, string Value)[] more
    )
    {
        (this.source, this.server, this.register, Clock) = (source, server, register, clock);
        Account = account ?? new MemoryStorage(Clock);
        List<KeyValuePair<string, string?>> settings =
        [
            new(TestPipeline.Planned, source),
            new("Sources__Mode", "live"),
            new("Census__ApiKey", new string('a', 40)),
            new("Census__BaseUrl", $"{server.Address}/data/timeseries/intltrade"),
            new("Census__Partners", "4621"),
            new("Census__Levels", "total"),
            new("Census__From", "2026-01"),
            new("Census__CountryFileUrl", ""),
            new("Unctad__BulkUrl", ""),
            new("Unctad__CatalogueUrl", ""),
            new("Unctad__ApiUrl", ""),
            new("Unctad__PartnersFile", ""),
            new("Moex__IssUrl", ""),
            new("Moex__NsdUrl", ""),
            new("Moex__HoldersFile", ""),
        ];
        foreach (var (name, value) in more)
            settings.Add(new(name, value));
        Pipeline = new TestPipeline(
            Account,
            settings.GroupBy(pair => pair.Key).Select(group => group.Last()),
            Clock,
            register
        );
    }

    /// <summary>A clock on which pauses between attempts take no time.</summary>
    public HastyClock Clock { get; }

    /// <summary>The storage, by the same clock.</summary>
    public MemoryStorage Account { get; }

    public TestPipeline Pipeline { get; }

    /// <summary>Another app on the same storage, with other settings.</summary>
    public Case With(params (string Name, string Value)[] settings) =>
        new(source, server, Clock, Account, register, settings);

    /// <summary>Puts a file where operators put it.</summary>
    public async Task DropAsync(string name, byte[] bytes)
    {
        var container = Pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.CuratedContainer);
        await container.CreateIfNotExistsAsync();
        await container.GetBlobClient(name).UploadAsync(BinaryData.FromBytes(bytes), overwrite: true);
    }

    /// <summary>Plans, works until nothing is left, and tells how it ended.</summary>
    public async Task<RunVerdict> RunAsync()
    {
        var startedAt = Clock.GetUtcNow();
        await Pipeline.RunAsync();
        return await VerdictAsync(startedAt);
    }

    /// <summary>Replays a slice as an operator does, and works until nothing is left.</summary>
    public async Task ReplayAsync(string slice, string from, bool accept = false)
    {
        await Pipeline.Get<Replay>().RunAsync(slice, from, accept, CancellationToken.None);
        await Pipeline.DrainAsync();
    }

    /// <summary>Tells how a run ended that began at a time.</summary>
    public async Task<RunVerdict> VerdictAsync(DateTimeOffset startedAt) =>
        await Pipeline.Get<RunVerdictReader>().ReadAsync([source], startedAt, CancellationToken.None);

    public ValueTask DisposeAsync() => Pipeline.DisposeAsync();
}

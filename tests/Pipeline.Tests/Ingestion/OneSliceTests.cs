using Pipeline.Ingestion;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Tests.Ingestion;

/// <summary>A source with one slice, its messages, and what is left of them.</summary>
public abstract class OneSliceTests : IAsyncDisposable
{
    private protected readonly FakeSource source = new() { Due = TimeSpan.FromDays(30) };
    private protected readonly MemoryStorage storage = new(TimeProvider.System);
    private protected readonly TestPipeline pipeline;

    protected OneSliceTests() => pipeline = new TestPipeline(storage, source);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await pipeline.DisposeAsync();
        source.Dispose();
    }

    /// <summary>A body of so many rows.</summary>
    private protected static string Rows(int count) =>
        string.Join(' ', Enumerable.Range(1, count).Select(n => $"k{n:00}=1"));

    /// <summary>Has the source answer so from now on, plans and works until nothing is left.</summary>
    private protected async Task RunAsync(string body, int status = 200, string etag = "")
    {
        source.Replies["one"] = new FakeSource.Reply(body, status, etag);
        await pipeline.Get<SliceBook>().MakeDueAsync("fake", CancellationToken.None);
        await pipeline.RunAsync();
    }

    /// <summary>Works on a message, and on all that follows.</summary>
    private protected async Task DoAsync(StepMessage message)
    {
        await pipeline.DoAsync(message);
        await pipeline.DrainAsync();
    }

    /// <summary>The host gives a message up.</summary>
    private protected Task KeepAsync(StepMessage message) =>
        pipeline.Get<DeadLetters>().KeepAsync(message.Queue, message.ToJson(), null, CancellationToken.None);

    private protected Task<SliceRow> SliceAsync() =>
        pipeline.Get<SliceBook>().GetAsync(FakeSource.One, CancellationToken.None);

    private protected Task<IReadOnlyList<RawName>> BodiesAsync() =>
        pipeline.Get<RawStore>().ListAsync(FakeSource.One, CancellationToken.None);

    /// <summary>What the table holds.</summary>
    private protected async Task<string> ValuesAsync() =>
        string.Join(' ', (await pipeline.RowsAsync("fakefacts")).Select(row => $"{row["Name"]}={row["Value"]}"));

    private protected async Task<int> ExitCodeAsync() =>
        (
            await pipeline
                .Get<RunVerdictReader>()
                .ReadAsync(["fake"], TimeProvider.System.GetUtcNow().AddDays(-1), CancellationToken.None)
        ).ExitCode;

    private protected static NormalizeMessage Normalize(RawName body, bool replay = false) =>
        new(FakeSource.One.Id, body.Blob, replay);

    /// <summary>A worker dies at a call, while it writes the rows of a body unless said otherwise.</summary>
    private protected async Task DieAsync(StepMessage message, Func<Azure.Core.Request, bool>? where = null)
    {
        var end = new AroundPolicy(where ?? (request => AroundPolicy.IsBatchOf(request, "fakefacts")), () =>
            throw new CrashException("half way")
        );
        await using var dying = new TestPipeline(storage, source, end);
        await Assert.ThrowsAsync<CrashException>(() => dying.DoAsync(message));
    }

    private protected static bool IsRejects(Azure.Core.Request request) =>
        request.Uri.Path.Contains("/rejects", StringComparison.Ordinal);

    /// <summary>The rows of the table are lost.</summary>
    private protected async Task LoseRowsAsync()
    {
        var facts = await pipeline.TableAsync("fakefacts");
        foreach (var row in await pipeline.RowsAsync("fakefacts"))
            await facts.DeleteEntityAsync(row.PartitionKey, row.RowKey);
    }
}

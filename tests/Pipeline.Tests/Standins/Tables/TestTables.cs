using System.Net;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;

namespace Pipeline.Tests.Standins.Tables;

/// <summary>What the tests of the stand-in for Azure.Data.Tables share.</summary>
internal static class TestTables
{
    public const string Name = "facts";
    public static readonly string Key = Convert.ToBase64String(new byte[64]);

    public static async Task<TableClient> NewTableAsync(this Azurite azurite, TableClientOptions? options = null)
    {
        var table = new TableClient(azurite.NewAccount(), Name, options);
        await table.CreateAsync();
        return table;
    }

    /// <summary>A client whose service is the given function. The table is "facts" of the account "acct".</summary>
    public static TableClient Fake(FakeService service, TableClientOptions? options = null)
    {
        options ??= new TableClientOptions();
        options.Transport = new HttpClientTransport(service);
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.MaxDelay = TimeSpan.FromMilliseconds(1);
        return new TableClient(new Uri("https://acct.table.core.windows.net"), Name, new TableSharedKeyCredential("acct", Key), options);
    }

    public static TableTransactionAction[] Adds(params ITableEntity[] entities) => [.. entities.Select(e => new TableTransactionAction(TableTransactionActionType.Add, e))];

    public static async Task<List<T>> ListAsync<T>(this IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items) list.Add(item);
        return list;
    }
}

/// <summary>A Table service made of a function; keeps what it was sent.</summary>
internal sealed class FakeService(Func<int, HttpResponseMessage> answer) : HttpMessageHandler
{
    public List<(HttpRequestMessage Request, string Body)> Seen { get; } = [];

    public static HttpResponseMessage Answer(HttpStatusCode status, string body = "", string type = "application/json") =>
        new(status) { Content = new StringContent(body, System.Text.Encoding.UTF8, type) };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Seen.Add((request, request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken)));
        return answer(Seen.Count);
    }
}

/// <summary>A clock that stands still until it is moved.</summary>
internal sealed class StillClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;
    public override DateTimeOffset GetUtcNow() => Now;
}

internal sealed class CountingPolicy : HttpPipelineSynchronousPolicy
{
    public int Sent { get; private set; }
    public override void OnSendingRequest(HttpMessage message) => Sent++;
}

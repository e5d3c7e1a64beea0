using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Web;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Benchmarks.Service;

/// <summary>
/// The Table service of one account: transactions, single entities, queries with continuation, tables.
/// </summary>
internal sealed class TableEndpoint(string prefix, Counts counts, Throttle? throttle, bool forgetful)
{
    private const int MaxPage = 1000,
        MaxActions = 100;

    private readonly Dictionary<string, Table> tables = new(StringComparer.Ordinal);
    private readonly Versions versions = new();
    private readonly Lock gate = new();
    private readonly List<Write> writes = [];
    private readonly List<long> done = [];

    public IReadOnlyDictionary<string, Table> Tables => tables;

    public Lock Gate => gate;

    public async Task HandleAsync(HttpContext http, string path, string query, ReadOnlyMemory<byte> body)
    {
        if (throttle is not null)
            await Task.Delay(Throttle.Latency, TimeProvider.System, http.RequestAborted);
        var answer = new Answer();
        // One request at a time: each takes effect as a whole.
        lock (gate)
            Answer(http.Request, path, query, body, answer);
        await answer.SendAsync(http.Response);
    }

    private void Answer(HttpRequest request, string path, string query, ReadOnlyMemory<byte> body, Answer answer)
    {
        if (path == "$batch")
        {
            Batch(body, answer);
            return;
        }
        var address = EntityAddress.Of(prefix + path, prefix);
        if (address.Table == "Tables")
            Catalogue(request.Method, address, body, answer);
        else if (!tables.TryGetValue(address.Table, out var table))
            answer.Error(404, "TableNotFound");
        else if (request.Method == "GET" && address.RowKey is null)
            Page(address.Table, table, HttpUtility.ParseQueryString(query), answer);
        else if (request.Method == "GET")
            Get(table, address, query, answer);
        else
            Single(request, table, address, body, answer);
    }

    private void Batch(ReadOnlyMemory<byte> body, Answer answer)
    {
        writes.Clear();
        done.Clear();
        var name = BatchBody.Read(body, prefix, writes);
        if (throttle?.Allows(writes[0].PartitionKey.Span, writes.Count) == false)
        {
            counts.Add("busy");
            answer.Error(503, "ServerBusy");
            return;
        }
        counts.Add($"write {name}");
        counts.Add($"entities {name}", writes.Count);
        answer.Transaction(Apply(name), writes, done, versions);
    }

    private Refused? Apply(string name)
    {
        if (!tables.TryGetValue(name, out var table))
            return new Refused(404, "TableNotFound", 0);
        return writes.Count > MaxActions ? new Refused(400, "InvalidInput", MaxActions) : table.Apply(writes, done);
    }

    private void Single(
        HttpRequest request,
        Table table,
        EntityAddress address,
        ReadOnlyMemory<byte> body,
        Answer answer
    )
    {
        counts.Add($"write {address.Table}");
        counts.Add($"entities {address.Table}");
        var match = request.Headers.IfMatch.Count > 0 ? request.Headers.IfMatch.ToString() : null;
        var kind = BatchBody.KindOf(Encoding.ASCII.GetBytes(request.Method));
        var (partition, row) = address.RowKey is null ? BatchBody.Keys(body) : (address.PartitionKey, address.RowKey);
        done.Clear();
        if (table.Apply([new Write(kind, partition, row, match, EntityJson.AsGiven(body))], done) is { } refused)
            answer.Error(refused.Status, refused.Code);
        else
            answer.Done(done[0], versions);
    }

    private void Get(Table table, EntityAddress address, string query, Answer answer)
    {
        counts.Add($"read {address.Table}");
        if (
            table.Find(address.PartitionKey, address.RowKey)
            is not { Entity: { Version: > 0 } entity, Partition: var partition }
        )
        {
            answer.Error(404, "ResourceNotFound");
        }
        else
        {
            answer.Json(200, to =>
                Write(to, table, partition, entity, Select(HttpUtility.ParseQueryString(query)["$select"]))
            );
        }
    }

    private void Page(string name, Table table, System.Collections.Specialized.NameValueCollection query, Answer answer)
    {
        counts.Add($"read {name}");
        var filter = Filter.Parse(query["$filter"]);
        var most = Math.Min(MaxPage, int.Parse(query["$top"] ?? $"{MaxPage}", CultureInfo.InvariantCulture));
        var select = Select(query["$select"]);
        (byte[], byte[])? from = query["NextPartitionKey"] is { } partition
            ? (Convert.FromBase64String(partition), Convert.FromBase64String(query["NextRowKey"]!))
            : null;
        (byte[] Partition, byte[] Row)? next = null;
        answer.Json(200, to =>
        {
            to.AddRange("{\"value\":["u8);
            var isFirst = true;
            next = table.Query(filter, most, from, (partition, entity) =>
            {
                if (!isFirst)
                    to.Add((byte)',');
                isFirst = false;
                Write(to, table, partition, entity, select);
            });
            to.AddRange("]}"u8);
        });
        if (next is not { } more)
            return;
        answer.Header("x-ms-continuation-NextPartitionKey", Convert.ToBase64String(more.Partition));
        answer.Header("x-ms-continuation-NextRowKey", Convert.ToBase64String(more.Row));
    }

    private static List<(byte[] Mark, byte[] Type)>? Select(string? columns) =>
        columns
            ?.Split(',')
            .Select(column => (EntityJson.Mark(column), EntityJson.Mark(column + "@odata.type")))
            .ToList();

    private void Write(
        List<byte> to,
        Table table,
        Partition partition,
        Entity entity,
        List<(byte[] Mark, byte[] Type)>? select
    )
    {
        var json = table.Json(entity);
        to.AddRange("{\"odata.etag\":\""u8);
        versions.WriteEscaped(entity.Version, to);
        to.Add((byte)'"');
        if (select is null)
        {
            to.AddRange(",\"Timestamp\":\""u8);
            to.AddRange(Encoding.ASCII.GetBytes(Versions.Timestamp(entity.Version)));
            to.Add((byte)'"');
            if (json.IndexOf("\"PartitionKey\":"u8) < 0)
                Keys(to, partition, entity);
            to.Add((byte)',');
            to.AddRange(json[1..]);
            return;
        }
        foreach (var (mark, type) in select)
        {
            var token = EntityJson.Token(json, mark);
            if (token.IsEmpty)
                continue;
            if (EntityJson.Token(json, type) is { IsEmpty: false } of)
                Column(to, type, of);
            Column(to, mark, token);
        }
        to.Add((byte)'}');
    }

    private static void Keys(List<byte> to, Partition partition, Entity entity)
    {
        Column(to, "\"PartitionKey\":"u8, JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(partition.Key)));
        Column(to, "\"RowKey\":"u8, JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(entity.Key)));
    }

    private static void Column(List<byte> to, ReadOnlySpan<byte> mark, ReadOnlySpan<byte> token)
    {
        to.Add((byte)',');
        to.AddRange(mark);
        to.AddRange(token);
    }

    private void Catalogue(string method, EntityAddress address, ReadOnlyMemory<byte> body, Answer answer)
    {
        if (method == "GET")
        {
            answer.Json(200, to =>
                to.AddRange(
                    JsonSerializer.SerializeToUtf8Bytes(
                        new { value = tables.Keys.Select(name => new { TableName = name }) }
                    )
                )
            );
        }
        else if (method == "POST")
        {
            var name = JsonDocument.Parse(body).RootElement.GetProperty("TableName").GetString()!;
            if (!tables.TryAdd(name, new Table(versions, forgetful && name == "trademonthly")))
                answer.Error(409, "TableAlreadyExists");
            else
                answer.Done(0, versions);
        }
        else
        {
            throw new FormatException($"tables: seen {method} {address}, expected GET or POST");
        }
    }
}

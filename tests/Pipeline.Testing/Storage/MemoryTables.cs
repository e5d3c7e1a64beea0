using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Pipeline.Testing.Storage;

/// <summary>The table service in memory.</summary>
internal sealed class MemoryTables(TimeProvider time)
{
    private const int MaxPage = 1000;

    private readonly Dictionary<string, MemoryTable> tables = new(StringComparer.OrdinalIgnoreCase);
    private long versions;

    public MemoryTables Copy(TimeProvider other)
    {
        var copy = new MemoryTables(other) { versions = versions };
        foreach (var (name, rows) in tables)
            copy.tables.Add(name, rows.Copy());
        return copy;
    }

    public MemoryResponse Answer(MemoryCall call)
    {
        if (call.Path == "Tables" && call.Is("POST"))
            return Create(call);
        if (call.Path == "Tables" && call.Is("GET"))
        {
            var names = tables.Keys.Order(StringComparer.Ordinal).Select(name => $"{{\"TableName\":\"{name}\"}}");
            return MemoryResponse.Json(200, $"{{\"value\":[{string.Join(',', names)}]}}");
        }

        if (call.Path == "$batch")
            return Batch(call);
        var (name, key) = Address(Uri.UnescapeDataString(call.Path));
        if (!tables.TryGetValue(name, out var table))
            return MemoryResponse.TableError(404, "TableNotFound");
        if (call.Is("GET"))
        {
            if (key is null)
                return Page(table, call);
            return table.Find(key.Value) is { } found
                ? MemoryResponse.Json(200, found.Json(Columns(call.Query["$select"])), ("ETag", found.Version))
                : MemoryResponse.TableError(404, "ResourceNotFound");
        }
        var (status, code, version) = Write(table, call.Method.Method, key, call.Header("If-Match"), Entity(call.Body));
        if (code is not null)
            return MemoryResponse.TableError(status, code);
        return version is null ? new MemoryResponse(status) : new MemoryResponse(status, ("ETag", version));
    }

    private MemoryResponse Create(MemoryCall call)
    {
        using var body = JsonDocument.Parse(call.Body);
        return tables.TryAdd(body.RootElement.GetProperty("TableName").GetString()!, new MemoryTable())
            ? new MemoryResponse(204)
            : MemoryResponse.TableError(409, "TableAlreadyExists");
    }

    private static MemoryEntity? Entity(byte[] body) => body.Length == 0 ? null : MemoryEntity.Read(body);

    private (int Status, string? Code, string? Version) Write(
        MemoryTable table,
        string method,
        (string, string)? address,
        string? match,
        MemoryEntity? entity
    )
    {
        var key = address ?? entity!.Key;
        var present = table.Find(key);
        if (method == "POST" && present is not null)
            return (409, "EntityAlreadyExists", null);
        if (match is not null && present is null)
            return (404, "ResourceNotFound", null);
        if (match is not null and not "*" && match != present!.Version)
            return (412, "UpdateConditionNotSatisfied", null);
        if (method == "DELETE")
        {
            table.Put(key, null);
            return (204, null, null);
        }
        if (method is "PATCH" or "MERGE" && present is not null)
            entity = present.With(entity!);
        var version = $"W/\"datetime'{++versions}'\"";
        table.Put(key, entity! with { Key = key, Version = version, Timestamp = time.GetUtcNow() });
        return (204, null, version);
    }

    private static MemoryResponse Page(MemoryTable table, MemoryCall call)
    {
        var filter = ODataFilter.Parse(call.Query["$filter"]);
        var most = Math.Min(MaxPage, int.Parse(call.Query["$top"] ?? $"{MaxPage}", CultureInfo.InvariantCulture));
        var columns = Columns(call.Query["$select"]);
        (string, string)? from = call.Query["NextPartitionKey"] is { } partition
            ? (Unmask(partition), Unmask(call.Query["NextRowKey"]!))
            : null;
        var rows = new List<string>();
        foreach (var entity in table.From(filter.Partition, from))
        {
            if (!filter.Fits(entity))
                continue;
            if (rows.Count == most)
            {
                return MemoryResponse.Json(
                    200,
                    Value(rows),
                    ("x-ms-continuation-NextPartitionKey", Mask(entity.Key.Partition)),
                    ("x-ms-continuation-NextRowKey", Mask(entity.Key.Row))
                );
            }

            rows.Add(entity.Json(columns));
        }
        return MemoryResponse.Json(200, Value(rows));

        static string Value(List<string> rows) => $"{{\"value\":[{string.Join(',', rows)}]}}";
        static string Mask(string key) => Convert.ToBase64String(Encoding.UTF8.GetBytes(key));
        static string Unmask(string key) => Encoding.UTF8.GetString(Convert.FromBase64String(key));
    }

    /// <summary>
    /// All of a transaction or nothing: a part for each operation in one change set, or one part alone that
    /// says what the first failed of.
    /// </summary>
    private MemoryResponse Batch(MemoryCall call)
    {
        var text = Encoding.UTF8.GetString(call.Body);
        var answers = new StringBuilder();
        MemoryTable? table = null;
        var undo = new List<((string, string) Key, MemoryEntity? Before)>();
        var number = 0;
        foreach (
            var part in text.Split("\r\n--changeset_")
                .Skip(1)
                .Where(part => part.Contains(" HTTP/1.1\r\n", StringComparison.Ordinal))
        )
        {
            var request = part[(part.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
            var head = request[..request.IndexOf("\r\n\r\n", StringComparison.Ordinal)].Split("\r\n");
            var body = request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..].TrimEnd();
            var line = head[0].Split(' ');
            var match = head.FirstOrDefault(header =>
                header.StartsWith("If-Match: ", StringComparison.OrdinalIgnoreCase)
            )?[10..];
            var (name, key) = Address(Uri.UnescapeDataString(new Uri(line[1]).AbsolutePath.Split('/', 3)[2]));
            if (!tables.TryGetValue(name, out table))
                return MemoryResponse.TableError(404, "TableNotFound");
            var entity = Entity(Encoding.UTF8.GetBytes(body));
            var at = key ?? entity!.Key;
            undo.Add((at, table.Find(at)));
            var (status, code, version) = Write(table, line[0], key, match, entity);
            if (code is not null)
            {
                foreach (var (row, before) in Enumerable.Reverse(undo))
                    table.Put(row, before);
                answers
                    .Clear()
                    .Append(
                        Part(
                            $"{status} Failed",
                            "Content-Type: application/json;odata=minimalmetadata;charset=utf-8\r\n",
                            $"{{\"odata.error\":{{\"code\":\"{code}\",\"message\":{{\"lang\":\"en-US\","
                                + $"\"value\":\"{number}:{code}\"}}}}}}"
                        )
                    );
                break;
            }
            answers.Append(Part($"{status} No Content", version is null ? "" : $"ETag: {version}\r\n", ""));
            number++;
        }
        return new MemoryResponse(
            202,
            "multipart/mixed; boundary=batchresponse_b",
            Encoding.UTF8.GetBytes(
                $"--batchresponse_b\r\nContent-Type: multipart/mixed; "
                    + $"boundary=changesetresponse_c\r\n\r\n{answers}--changesetresponse_c--\r\n--batchresponse_b--\r\n"
            )
        );

        static string Part(string status, string headers, string body) =>
            $"--changesetresponse_c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: "
            + $"binary\r\n\r\nHTTP/1.1 {status}\r\nDataServiceVersion: 3.0;\r\n{headers}\r\n{body}\r\n";
    }

    private static HashSet<string>? Columns(string? select) => select?.Split(',').ToHashSet(StringComparer.Ordinal);

    /// <summary>
    /// <c>table</c>, <c>table()</c> or <c>table(PartitionKey='a',RowKey='b')</c>; quotes inside are
    /// doubled.
    /// </summary>
    private static (string Table, (string, string)? Key) Address(string path)
    {
        var open = path.IndexOf('(', StringComparison.Ordinal);
        if (open < 0)
            return (path, null);
        var inside = path[(open + 1)..^1];
        if (inside.Length == 0)
            return (path[..open], null);
        const string first = "PartitionKey='",
            second = "',RowKey='";
        var cut = inside.IndexOf(second, StringComparison.Ordinal);
        return (
            path[..open],
            (
                inside[first.Length..cut].Replace("''", "'", StringComparison.Ordinal),
                inside[(cut + second.Length)..^1].Replace("''", "'", StringComparison.Ordinal)
            )
        );
    }
}

using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;

namespace Pipeline.Storage;

/// <summary>
/// Refuses what Azure refuses and Azurite accepts, before it is sent, with the status and the error code of the
/// service. A development account has it, so that a run or a test on Azurite fails where the deployed app would.
/// </summary>
/// <remarks>
/// https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model,
/// https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
/// </remarks>
public sealed partial class AzureLimitsPolicy : HttpPipelinePolicy
{
    /// <summary>
    /// The switch of <see cref="AppContext"/> that leaves the check out, for measurements: the deployed app
    /// has none.
    /// </summary>
    public const string OffSwitch = "Pipeline.Storage.AzureLimitsPolicy.IsOff";

    private const int MaxActions = 100,
        MaxTransactionBytes = 4 << 20,
        MaxKeyLength = 512,
        MaxProperties = 252,
        MaxTextLength = 32 << 10,
        MaxBinaryBytes = 64 << 10,
        MaxEntityBytes = 1 << 20,
        MaxMessageBytes = 64 << 10,
        MaxMetadataBytes = 8 << 10;

    private const string TypeSuffix = "@odata.type",
        MetadataPrefix = "x-ms-meta-",
        FailedIndex = "FailedEntity";

    // The client has written U+FFFD for half of a surrogate pair by now; two keys that differ there would be one.
    private static readonly SearchValues<char> NotInKeys = SearchValues.Create([
        .. "/\\#?%\uFFFD",
        .. Enumerable.Range(0, 0x20).Concat(Enumerable.Range(0x7F, 0x21)).Select(code => (char)code),
    ]);

    private readonly record struct Key(string Table, string Partition, string Row)
    {
        public override string ToString() =>
            $"{Table}: PartitionKey '{Printable(Partition)}', RowKey '{Printable(Row)}'";
    }

    /// <inheritdoc/>
    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Check(message.Request);
        ProcessNext(message, pipeline);
    }

    /// <inheritdoc/>
    public override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Check(message.Request);
        return ProcessNextAsync(message, pipeline);
    }

    private static void Check(Request request)
    {
        var path = request.Uri.Path;
        if (path.EndsWith("/$batch", StringComparison.Ordinal))
            CheckTransaction(Body(request));
        else if (request.Headers.Contains("DataServiceVersion"))
            CheckAction(path, Body(request));
        else if (IsMessage(request))
            CheckMessage(path, Body(request));
        else
            CheckMetadata(path, request.Headers);
    }

    /// <summary>
    /// A message of a queue goes as XML to <c>/{queue}/messages</c>, behind the account's name on Azurite; a
    /// blob may have such a name, and other content.
    /// </summary>
    private static bool IsMessage(Request request) =>
        MessageAddress().IsMatch(request.Uri.Path)
        && request.Headers.TryGetValue("Content-Type", out var type)
        && type.StartsWith("application/xml", StringComparison.OrdinalIgnoreCase);

    private static ReadOnlyMemory<byte> Body(Request request)
    {
        if (request.Content is null)
            return default;
        using var copy = new MemoryStream();
        request.Content.WriteTo(copy, CancellationToken.None);
        return copy.GetBuffer().AsMemory(0, (int)copy.Length);
    }

    private static void CheckTransaction(ReadOnlyMemory<byte> body)
    {
        if (body.Length > MaxTransactionBytes)
        {
            throw Refusal(
                "RequestBodyTooLarge",
                "transaction",
                $"{body.Length} bytes",
                $"at most {MaxTransactionBytes}",
                "send fewer entities at once",
                413
            );
        }

        var (number, first, rows) = (0, (Key?)null, new HashSet<string>(StringComparer.Ordinal));
        try
        {
            foreach (var (address, json) in Actions(body))
            {
                if (number == MaxActions)
                {
                    throw Refusal(
                        "InvalidInput",
                        "transaction",
                        $"more than {MaxActions} entities",
                        $"at most {MaxActions}",
                        "send several transactions"
                    );
                }

                if (CheckAction(address, json) is not { } key)
                    continue;
                first ??= key;
                if (key.Partition != first.Value.Partition)
                {
                    throw Refusal(
                        "CommandsInBatchActOnDifferentPartitions",
                        $"{key}",
                        $"another partition than '{Printable(first.Value.Partition)}', that of the first entity",
                        "one partition in a transaction",
                        "send a transaction for each partition"
                    );
                }

                if (!rows.Add(key.Row))
                {
                    throw Refusal(
                        "InvalidDuplicateRow",
                        $"{key}",
                        "the row a second time in a transaction",
                        "each row once",
                        "send the second change in a later transaction"
                    );
                }

                number++;
            }
        }
        catch (RequestFailedException e)
        {
            e.Data[FailedIndex] = number.ToString(CultureInfo.InvariantCulture);
            throw new TableTransactionFailedException(e);
        }
    }

    /// <summary>The parts of the change set: the address of each request, and its entity.</summary>
    private static IEnumerable<(string Address, ReadOnlyMemory<byte> Json)> Actions(ReadOnlyMemory<byte> body)
    {
        // JSON escapes line breaks, so no entity holds a boundary or an empty line.
        for (var (rest, begin) = (body, body.Span.IndexOf(Boundary)); begin >= 0; )
        {
            rest = rest[(begin + Boundary.Length)..];
            begin = rest.Span.IndexOf(Boundary);
            if (begin < 0)
                yield break;
            var request = After(rest[..begin]);
            yield return (
                Encoding.UTF8.GetString(request.Span[..request.Span.IndexOf("\r\n"u8)]).Split(' ')[1],
                After(request)
            );
        }

        static ReadOnlyMemory<byte> After(ReadOnlyMemory<byte> part) => part[(part.Span.IndexOf("\r\n\r\n"u8) + 4)..];
    }

    private static ReadOnlySpan<byte> Boundary => "\r\n--changeset_"u8;

    /// <returns>The row that the request is about; null if it is about none.</returns>
    private static Key? CheckAction(string address, ReadOnlyMemory<byte> json)
    {
        var match = RowAddress().Match(address);
        if (!match.Success || match.Groups[1].Value == "Tables" || (json.IsEmpty && !match.Groups[2].Success))
            return null;
        using var entity = json.Span.Contains((byte)'{') ? JsonDocument.Parse(json) : null;
        var key = match.Groups[2].Success
            ? new Key(match.Groups[1].Value, Unescape(match.Groups[2].Value), Unescape(match.Groups[3].Value))
            : new Key(
                match.Groups[1].Value,
                entity!.RootElement.GetProperty("PartitionKey").GetString()!,
                entity.RootElement.GetProperty("RowKey").GetString()!
            );
        CheckKey(key.Table, "PartitionKey", key.Partition);
        CheckKey(key.Table, "RowKey", key.Row);
        if (entity is not null)
            CheckEntity(key, entity.RootElement, json.Length);
        return key;

        static string Unescape(string text) =>
            Uri.UnescapeDataString(text).Replace("''", "'", StringComparison.Ordinal);
    }

    private static void CheckKey(string table, string name, string key)
    {
        if (key.Length > MaxKeyLength)
        {
            throw Refusal(
                "KeyValueTooLarge",
                $"{table}: {name} '{Printable(key[..20])}…'",
                $"{key.Length} characters",
                $"at most {MaxKeyLength} (1 KiB)",
                "shorten the key"
            );
        }

        var at = key.AsSpan().IndexOfAny(NotInKeys);
        if (at < 0)
            return;
        var seen = key[at] switch
        {
            '\uFFFD' => "U+FFFD, which is written for half of a surrogate pair,",
            var control when char.IsControl(control) => $"U+{(int)control:X4}",
            var other => $"'{other}'",
        };
        throw Refusal(
            "OutOfRangeInput",
            $"{table}: {name} '{Printable(key)}'",
            $"{seen} at position {at}",
            @"none of / \ # ? %, no control character and whole characters",
            "write the key by Keys.Clean"
        );
    }

    private static void CheckEntity(Key key, JsonElement entity, int jsonBytes)
    {
        var (count, bytes) = (0, 4 + 2L * (key.Partition.Length + key.Row.Length));
        foreach (var property in entity.EnumerateObject())
        {
            var (name, value) = (property.Name, property.Value);
            if (
                value.ValueKind == JsonValueKind.Null
                || name is "PartitionKey" or "RowKey" or "Timestamp"
                || name.StartsWith("odata.", StringComparison.Ordinal)
                || name.EndsWith(TypeSuffix, StringComparison.Ordinal)
            )
            {
                continue;
            }

            count++;
            var raw = JsonMarshal.GetRawUtf8Value(value);
            if (
                raw.Length > 10
                && raw[5] == (byte)'-'
                && raw[1..5].SequenceCompareTo("1601"u8) < 0
                && TypeOf(name) == "Edm.DateTime"
            )
            {
                throw Refusal(
                    "OutOfRangeInput",
                    $"{key}, property '{name}'",
                    value.GetString()!,
                    "a time from 1601-01-01 on",
                    "leave the property null if there is no time"
                );
            }
            // A smaller text of JSON can break no limit of size.
            if (jsonBytes > MaxTextLength)
                bytes += 8 + 2 * name.Length + Size(name, value);
        }
        if (count > MaxProperties)
        {
            throw Refusal(
                "TooManyProperties",
                $"{key}",
                $"{count} properties",
                $"at most {MaxProperties} besides keys and Timestamp",
                "split the entity"
            );
        }

        if (bytes > MaxEntityBytes)
        {
            throw Refusal(
                "EntityTooLarge",
                $"{key}",
                $"{bytes} bytes",
                $"at most {MaxEntityBytes}",
                "split the entity"
            );
        }

        string? TypeOf(string name) => entity.TryGetProperty(name + TypeSuffix, out var type) ? type.GetString() : null;

        long Size(string name, JsonElement value)
        {
            if (value.ValueKind is not JsonValueKind.String)
                return 8;
            var (text, where) = (value.GetString()!, $"{key}, property '{name}'");
            switch (TypeOf(name))
            {
                case "Edm.Int64" or "Edm.DateTime" or "Edm.Double":
                    return 8;
                case "Edm.Guid":
                    return 16;
                case "Edm.Binary":
                    var length = value.GetBytesFromBase64().Length;
                    return length <= MaxBinaryBytes
                        ? 4 + length
                        : throw Refusal(
                            "PropertyValueTooLarge",
                            where,
                            $"{length} bytes",
                            $"at most {MaxBinaryBytes}",
                            "keep them in a blob"
                        );
                default:
                    return text.Length <= MaxTextLength
                        ? 4 + 2L * text.Length
                        : throw Refusal(
                            "PropertyValueTooLarge",
                            where,
                            $"a text of {text.Length} characters",
                            $"at most {MaxTextLength} (64 KiB)",
                            "shorten it or keep it in a blob"
                        );
            }
        }
    }

    private static void CheckMessage(string path, ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty)
            return;
        var size = Encoding.UTF8.GetByteCount(
            XDocument.Parse(Encoding.UTF8.GetString(body.Span).TrimStart('\uFEFF')).Root!.Value
        );
        if (size > MaxMessageBytes)
        {
            throw Refusal(
                "RequestBodyTooLarge",
                path,
                $"a message of {size} bytes as it is sent",
                $"at most {MaxMessageBytes}",
                "keep the text in a blob and send its name",
                413
            );
        }
    }

    private static void CheckMetadata(string path, RequestHeaders headers)
    {
        var bytes = 0;
        foreach (var header in headers)
        {
            if (!header.Name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
                continue;
            var name = header.Name[MetadataPrefix.Length..];
            if (!Identifier().IsMatch(name))
                throw Refusal("InvalidMetadata", path, $"metadata '{name}'", "an identifier as in C#", "rename it");
            bytes += name.Length + header.Value.Length;
        }
        if (bytes > MaxMetadataBytes)
        {
            throw Refusal(
                "MetadataTooLarge",
                path,
                $"{bytes} bytes of metadata",
                $"at most {MaxMetadataBytes}",
                "keep them in the blob"
            );
        }
    }

    private static RequestFailedException Refusal(
        string code,
        string where,
        string seen,
        string expected,
        string remedy,
        int status = 400
    ) =>
        new(
            status,
            $"{where}: seen {seen}, expected {expected}; {remedy}. Azure refuses it, so it was not sent.",
            code,
            null
        );

    private static string Printable(string text) =>
        string.Concat(text.Select(c => char.IsControl(c) ? $"\\u{(int)c:X4}" : $"{c}"));

    /// <summary>A table, or a row of it, at the end of an address; quotes inside a key are doubled.</summary>
    [GeneratedRegex(@"/([A-Za-z][A-Za-z0-9]{2,62})(?:\(PartitionKey='(.*?)',RowKey='(.*)'\))?(?:\?|$)")]
    private static partial Regex RowAddress();

    [GeneratedRegex("^(/[^/]+)?/[^/]+/messages(/[^/]+)?$")]
    private static partial Regex MessageAddress();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex Identifier();
}

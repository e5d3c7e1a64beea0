using System.Globalization;
using System.Xml.Linq;

namespace Pipeline.Testing.Storage;

/// <summary>The blob service in memory: whole block blobs, their metadata and conditions, and leases.</summary>
internal sealed class MemoryBlobs(TimeProvider time)
{
    private const string MetadataPrefix = "x-ms-meta-";

    private readonly Dictionary<string, SortedDictionary<string, Blob>> containers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Lease> leases = new(StringComparer.Ordinal);
    private long versions;

    private sealed record Blob(
        byte[] Body,
        string ContentType,
        IReadOnlyDictionary<string, string> Metadata,
        string Version,
        DateTimeOffset Modified
    );

    /// <summary>
    /// The last lease of a blob. It holds until <c>Ends</c> and can be renewed after that, unless it was broken.
    /// </summary>
    private sealed record Lease(string Id, TimeSpan Duration, DateTimeOffset Ends, bool IsBroken = false);

    public MemoryBlobs Copy(TimeProvider other)
    {
        var copy = new MemoryBlobs(other) { versions = versions };
        foreach (var (name, blobs) in containers)
            copy.containers.Add(name, new(blobs, blobs.Comparer));
        foreach (var (path, lease) in leases)
            copy.leases.Add(path, lease);
        return copy;
    }

    public MemoryResponse Answer(MemoryCall call)
    {
        var parts = call.Path.Split('/', 2);
        var name = parts[0];
        if (name.Length == 0 && call.Query["comp"] == "list")
        {
            return MemoryResponse.Xml(
                200,
                $"<EnumerationResults><Containers>{string.Concat(containers.Keys.Order(StringComparer.Ordinal).Select(container => $"<Container><Name>{container}</Name><Properties><Last-Modified>{time.GetUtcNow():R}</Last-Modified><Etag>\"1\"</Etag></Properties></Container>"))}</Containers><NextMarker/></EnumerationResults>"
            );
        }

        if (call.Query["restype"] == "container" && call.Is("PUT") && call.Query["comp"] is null)
        {
            return containers.TryAdd(name, new(StringComparer.Ordinal))
                ? new MemoryResponse(201, Stamp("\"1\"", time.GetUtcNow()))
                : MemoryResponse.Error(409, "ContainerAlreadyExists");
        }

        if (!containers.TryGetValue(name, out var container))
            return MemoryResponse.Error(404, "ContainerNotFound");
        if (call.Query["restype"] == "container")
        {
            return call.Query["comp"] == "list"
                ? List(name, container, call)
                : new MemoryResponse(200, Stamp("\"1\"", time.GetUtcNow()));
        }

        var blob = Uri.UnescapeDataString(parts[1]);
        if (call.Query["comp"] == "lease")
        {
            return container.TryGetValue(blob, out var leased)
                ? Change($"{name}/{blob}", leased, call)
                : MemoryResponse.Error(404, "BlobNotFound");
        }
        return call.Method.Method switch
        {
            "PUT" => Put(container, blob, call),
            "DELETE" => container.Remove(blob) ? new MemoryResponse(202) : MemoryResponse.Error(404, "BlobNotFound"),
            "GET" or "HEAD" => Get(container, blob, call),
            _ => throw call.Unknown("blobs"),
        };
    }

    private MemoryResponse Change(string path, Blob blob, MemoryCall call)
    {
        var now = time.GetUtcNow();
        var lease = leases.GetValueOrDefault(path);
        var id = call.Header("x-ms-lease-id");
        switch (call.Header("x-ms-lease-action"))
        {
            case "acquire":
                var proposed = call.Header("x-ms-proposed-lease-id")!;
                if (lease is { IsBroken: false } && lease.Ends > now && lease.Id != proposed)
                    return MemoryResponse.Error(409, "LeaseAlreadyPresent");
                var seconds = int.Parse(call.Header("x-ms-lease-duration")!, CultureInfo.InvariantCulture);
                return Hold(201, new Lease(proposed, TimeSpan.FromSeconds(seconds), now.AddSeconds(seconds)));
            case "renew":
                if (lease is null || lease.Id != id)
                    return MemoryResponse.Error(409, "LeaseIdMismatchWithLeaseOperation");
                return lease.IsBroken
                    ? MemoryResponse.Error(409, "LeaseIsBrokenAndCannotBeRenewed")
                    : Hold(200, lease with { Ends = now + lease.Duration });
            case "release":
                if (lease is null || lease.Id != id)
                    return MemoryResponse.Error(409, "LeaseIdMismatchWithLeaseOperation");
                leases.Remove(path);
                return new MemoryResponse(200, Stamp(blob.Version, blob.Modified));
            case "break" when call.Header("x-ms-lease-break-period") == "0":
                if (lease is null)
                    return MemoryResponse.Error(409, "LeaseNotPresentWithLeaseOperation");
                leases[path] = lease with { IsBroken = true };
                return new MemoryResponse(202, [.. Stamp(blob.Version, blob.Modified), ("x-ms-lease-time", "0")]);
            default:
                throw call.Unknown("blobs");
        }

        MemoryResponse Hold(int status, Lease held)
        {
            leases[path] = held;
            return new MemoryResponse(status, [.. Stamp(blob.Version, blob.Modified), ("x-ms-lease-id", held.Id)]);
        }
    }

    private MemoryResponse Put(SortedDictionary<string, Blob> container, string name, MemoryCall call)
    {
        if (call.Query["comp"] is not null || call.Header("x-ms-blob-type") != "BlockBlob")
            throw call.Unknown("blobs");
        var present = container.GetValueOrDefault(name);
        if (call.Header("If-None-Match") == "*" && present is not null)
            return MemoryResponse.Error(409, "BlobAlreadyExists");
        if (call.Header("If-Match") is { } match && match != present?.Version)
            return MemoryResponse.Error(412, "ConditionNotMet");
        var metadata = call.Headers()
            .Where(header => header.Name.StartsWith(MetadataPrefix, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(
                header => header.Name[MetadataPrefix.Length..],
                header => header.Value,
                StringComparer.OrdinalIgnoreCase
            );
        var blob = new Blob(
            call.Body,
            call.Header("x-ms-blob-content-type") ?? "application/octet-stream",
            metadata,
            $"\"0x{++versions:X}\"",
            time.GetUtcNow()
        );
        container[name] = blob;
        return new MemoryResponse(201, Stamp(blob.Version, blob.Modified));
    }

    private static MemoryResponse Get(SortedDictionary<string, Blob> container, string name, MemoryCall call)
    {
        if (!container.TryGetValue(name, out var blob))
            return MemoryResponse.Error(404, "BlobNotFound");
        var headers = new List<(string, string)>(Stamp(blob.Version, blob.Modified))
        {
            ("x-ms-blob-type", "BlockBlob"),
            ("Accept-Ranges", "bytes"),
        };
        headers.AddRange(blob.Metadata.Select(pair => (MetadataPrefix + pair.Key, pair.Value)));
        if (call.Is("GET"))
            return new MemoryResponse(200, blob.ContentType, blob.Body, [.. headers]);
        var properties = new MemoryResponse(200, blob.ContentType, blob.Body, [.. headers]) { ContentStream = null };
        return properties;
    }

    private static MemoryResponse List(string name, SortedDictionary<string, Blob> container, MemoryCall call)
    {
        var prefix = call.Query["prefix"] ?? "";
        var metadata = call.Query["include"]?.Contains("metadata", StringComparison.OrdinalIgnoreCase) == true;
        var blobs = container
            .Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal))
            .Select(pair => new XElement(
                "Blob",
                new XElement("Name", pair.Key),
                new XElement(
                    "Properties",
                    new XElement("Last-Modified", pair.Value.Modified.ToString("R", CultureInfo.InvariantCulture)),
                    new XElement("Etag", pair.Value.Version),
                    new XElement("Content-Length", pair.Value.Body.Length),
                    new XElement("Content-Type", pair.Value.ContentType),
                    new XElement("BlobType", "BlockBlob")
                ),
                metadata
                    ? new XElement("Metadata", pair.Value.Metadata.Select(item => new XElement(item.Key, item.Value)))
                    : null
            ));
        var list = new XElement(
            "EnumerationResults",
            new XAttribute("ServiceEndpoint", "http://127.0.0.1:1/blob"),
            new XAttribute("ContainerName", name),
            new XElement("Prefix", prefix),
            new XElement("Blobs", blobs),
            new XElement("NextMarker")
        );
        return MemoryResponse.Xml(200, list.ToString(SaveOptions.DisableFormatting));
    }

    private static (string, string)[] Stamp(string version, DateTimeOffset modified) =>
        [("ETag", version), ("Last-Modified", modified.ToString("R", CultureInfo.InvariantCulture))];
}

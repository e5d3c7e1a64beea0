using System.Collections.Concurrent;
using System.Globalization;
using System.Security;
using System.Text;
using System.Web;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Benchmarks.Service;

/// <summary>
/// The Blob service of one account, as far as the pipeline uses it. A large blob may be a file that the benchmark
/// has planted.
/// </summary>
internal sealed class BlobEndpoint
{
    private const string Moment = "Thu, 01 Jan 2026 00:00:00 GMT";
    private readonly ConcurrentDictionary<string, Blob> blobs = new(StringComparer.Ordinal);
    private int versions;

    private sealed record Blob(
        byte[] Bytes,
        string? File,
        long Length,
        string ETag,
        IReadOnlyDictionary<string, string> Metadata
    );

    /// <summary>Makes a blob of a file, which stays where it is.</summary>
    public void Plant(string name, string file, string sha256) =>
        blobs[name] = new Blob(
            [],
            file,
            new FileInfo(file).Length,
            Version(),
            new Dictionary<string, string> { ["sha256"] = sha256 }
        );

    public async Task HandleAsync(HttpContext http, string path, string query, ReadOnlyMemory<byte> body)
    {
        var (request, response) = (http.Request, http.Response);
        var name = Uri.UnescapeDataString(path);
        var asked = HttpUtility.ParseQueryString(query);
        response.Headers["x-ms-version"] = "2021-12-02";
        response.Headers.LastModified = Moment;
        if (asked["comp"] == "list")
            await ListAsync(response, name, asked["prefix"] ?? "");
        else if (asked["restype"] == "container")
            Container(request, response);
        else if (asked["comp"] == "lease")
            Lease(response);
        else if (request.Method == "PUT")
            Put(request, response, name, body);
        else if (request.Method == "DELETE")
            response.StatusCode = blobs.TryRemove(name, out _) ? 202 : NotFound(response);
        else if (!blobs.TryGetValue(name, out var blob))
            NotFound(response);
        else
            await GetAsync(http, blob);
    }

    private static void Container(HttpRequest request, HttpResponse response)
    {
        response.Headers.ETag = "\"0x1\"";
        response.StatusCode = request.Method == "PUT" ? 201 : 200;
    }

    /// <summary>Every caller gets it: there is one app.</summary>
    private static void Lease(HttpResponse response)
    {
        response.Headers.ETag = "\"0x1\"";
        response.Headers["x-ms-lease-id"] = "00000000-0000-0000-0000-000000000001";
        response.StatusCode = 201;
    }

    private void Put(HttpRequest request, HttpResponse response, string name, ReadOnlyMemory<byte> body)
    {
        var metadata = request
            .Headers.Where(header => header.Key.StartsWith("x-ms-meta-", StringComparison.OrdinalIgnoreCase))
            .ToDictionary(
                header => header.Key[10..].ToLowerInvariant(),
                header => header.Value.ToString(),
                StringComparer.Ordinal
            );
        if (request.Query["comp"].Count > 0)
        {
            throw new FormatException(
                $"blobs: seen PUT {name} with comp={request.Query["comp"]}, expected blobs in one piece"
            );
        }

        var blob = new Blob(body.ToArray(), null, body.Length, Version(), metadata);
        if (request.Headers.IfNoneMatch == "*" && !blobs.TryAdd(name, blob))
        {
            Refuse(response, 409, "BlobAlreadyExists");
            return;
        }
        if (
            request.Headers.IfMatch.Count > 0
            && (!blobs.TryGetValue(name, out var before) || before.ETag != request.Headers.IfMatch)
        )
        {
            Refuse(response, 412, "ConditionNotMet");
            return;
        }
        blobs[name] = blob;
        response.Headers.ETag = blob.ETag;
        response.Headers["x-ms-request-server-encrypted"] = "true";
        response.StatusCode = 201;
    }

    private static async Task GetAsync(HttpContext http, Blob blob)
    {
        var (request, response) = (http.Request, http.Response);
        response.Headers.ETag = blob.ETag;
        response.Headers.AcceptRanges = "bytes";
        response.ContentType = "application/octet-stream";
        response.Headers["x-ms-blob-type"] = "BlockBlob";
        response.Headers["x-ms-creation-time"] = Moment;
        foreach (var (key, value) in blob.Metadata)
            response.Headers[$"x-ms-meta-{key}"] = value;
        var (from, to) = (0L, blob.Length - 1);
        var range =
            request.Headers["x-ms-range"].Count > 0
                ? request.Headers["x-ms-range"].ToString()
                : request.Headers.Range.ToString();
        if (range.Length > 0)
        {
            var ends = range["bytes=".Length..].Split('-');
            from = long.Parse(ends[0], CultureInfo.InvariantCulture);
            if (ends[1].Length > 0)
                to = Math.Min(to, long.Parse(ends[1], CultureInfo.InvariantCulture));
            response.StatusCode = 206;
            response.Headers.ContentRange = $"bytes {from}-{to}/{blob.Length}";
        }
        response.ContentLength = to - from + 1;
        if (request.Method == "HEAD")
            return;
        if (blob.File is null)
        {
            await response.Body.WriteAsync(blob.Bytes.AsMemory((int)from, (int)(to - from + 1)), http.RequestAborted);
            return;
        }
        await response.SendFileAsync(blob.File, from, to - from + 1, http.RequestAborted);
    }

    private async Task ListAsync(HttpResponse response, string container, string prefix)
    {
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Blobs>");
        foreach (
            var (name, blob) in blobs
                .Where(blob => blob.Key.StartsWith($"{container}/{prefix}", StringComparison.Ordinal))
                .OrderBy(blob => blob.Key, StringComparer.Ordinal)
        )
        {
            xml.Append(
                CultureInfo.InvariantCulture,
                $"<Blob><Name>{SecurityElement.Escape(name[(container.Length + 1)..])}"
                    + $"</Name><Properties><Last-Modified>{Moment}</Last-Modified>"
            );
            xml.Append(
                CultureInfo.InvariantCulture,
                $"<Etag>{SecurityElement.Escape(blob.ETag)}</Etag><Content-Length>{blob.Length}"
                    + $"</Content-Length><BlobType>BlockBlob</BlobType></Properties><Metadata>"
            );
            foreach (var (key, value) in blob.Metadata)
                xml.Append(CultureInfo.InvariantCulture, $"<{key}>{SecurityElement.Escape(value)}</{key}>");
            xml.Append("</Metadata></Blob>");
        }
        xml.Append("</Blobs><NextMarker /></EnumerationResults>");
        response.ContentType = "application/xml";
        await response.WriteAsync(xml.ToString());
    }

    private string Version() => $"\"0x{Interlocked.Increment(ref versions):X8}\"";

    private static int NotFound(HttpResponse response)
    {
        Refuse(response, 404, "BlobNotFound");
        return 404;
    }

    private static void Refuse(HttpResponse response, int status, string code)
    {
        response.StatusCode = status;
        response.Headers["x-ms-error-code"] = code;
    }
}

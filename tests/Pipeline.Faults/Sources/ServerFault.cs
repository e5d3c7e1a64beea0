using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Faults.Sources;

/// <summary>What a server does instead of answering rightly.</summary>
/// <param name="Name">In words.</param>
/// <param name="Seen">What the message about it must hold; empty when more than one end is right.</param>
/// <param name="Answer">Does it.</param>
/// <param name="Harmless">Whether the right rows are loaded all the same.</param>
internal sealed record ServerFault(string Name, string Seen, Func<SourceSimulator, HttpContext, (byte[] Body, string ContentType)?, Task> Answer, bool Harmless = false)
{
    private const int Excess = 257 << 20;

    public Task AnswerAsync(SourceSimulator server, HttpContext context, (byte[] Body, string ContentType)? right) => Answer(server, context, right);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The faults of a transport and of a service, which any server may have.</summary>
    public static IReadOnlyList<ServerFault> All { get; } =
    [
        .. from part in (double[])[0, 0.5] from end in (string[])["close", "abort", "hang"] select Broken(part, end),
        new("silent truncation", "", (_, context, right) => WriteAsync(context, 200, right!.Value.Body[..(right.Value.Body.Length * 2 / 3)], right.Value.ContentType)),
        Status(429, "Retry-After=7"), Status(429, $"Retry-After={new DateTimeOffset(2020, 2, 15, 15, 0, 0, TimeSpan.Zero):R}"), Status(429, "Retry-After=86400"),
        Status(500), Status(502), Status(503, "Retry-After=3"), Status(504),
        new("200 with HTML", "html", (_, context, _) => WriteAsync(context, 200, "<!DOCTYPE html><html><body>Sign in</body></html>"u8.ToArray(), "text/html; charset=utf-8")),
        new("a page that repeats the request", "html", (_, context, _) => WriteAsync(context, 200, Encoding.UTF8.GetBytes($"<html>denied: {context.Request.QueryString} {string.Join(' ', context.Request.Headers.Select(header => header.Value.ToString()))}</html>"), "text/html")),
        new("an error that repeats the request", "status 400", (_, context, _) => WriteAsync(context, 400, Encoding.UTF8.GetBytes($"bad: {context.Request.QueryString} {string.Join(' ', context.Request.Headers.Select(header => header.Value.ToString()))}"), "text/plain")),
        new("200 without a body", "", (_, context, _) => WriteAsync(context, 200, [], "application/json")),
        new("204", "", (_, context, _) => { context.Response.StatusCode = 204; return Task.CompletedTask; }),
        new("another charset", "", (_, context, right) => WriteAsync(context, 200, Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(right!.Value.Body)), right.Value.ContentType + "; charset=utf-16")),
        new("gzip that is cut", "", (_, context, right) =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            var packed = Zip(right!.Value.Body);
            return WriteAsync(context, 200, packed[..(packed.Length / 2)], right.Value.ContentType);
        }),
        new("redirect to a login page", "status 302", (_, context, _) =>
        {
            context.Response.Headers.Location = "/login?back=data";
            return WriteAsync(context, 302, "<html>moved</html>"u8.ToArray(), "text/html");
        }),
        new("columns in another order", "", (_, context, right) => WriteAsync(context, 200, Columns(right!.Value, swap: true), right.Value.ContentType)),
        new("a column more", "", (_, context, right) => WriteAsync(context, 200, Columns(right!.Value, add: true), right.Value.ContentType)),
        new("a column less", "", (_, context, right) => WriteAsync(context, 200, Columns(right!.Value, remove: true), right.Value.ContentType)),
        new("slow drip", "", DripAsync, Harmless: true),
        new("a body beyond the limit", "", FloodAsync)
    ];

    private static ServerFault Broken(double part, string end) => new($"{(part > 0 ? "half a body" : "no body")}, then {end}", end == "hang" ? "no complete answer within" : "", async (server, context, right) =>
    {
        var body = right!.Value.Body;
        context.Response.ContentType = right.Value.ContentType;
        context.Response.ContentLength = body.Length;
        if (part > 0)
        {
            await context.Response.Body.WriteAsync(body.AsMemory(0, (int)(body.Length * part)));
            await context.Response.Body.FlushAsync();
        }
        if (end == "hang") await server.HangAsync(context);
        // Kestrel resets a connection whose answer is shorter than it said; a close comes after what was written has gone out.
        else if (end == "close" && part == 0) context.Response.StatusCode = 200;
        if (end != "hang") context.Abort();
    });

    private static ServerFault Status(int status, string header = "") => new($"{status}{(header.Length > 0 ? $" with {header}" : "")}", $"status {status}", (_, context, _) =>
    {
        if (header.Length > 0) context.Response.Headers[header.Split('=')[0]] = header[(header.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return WriteAsync(context, status, "out of order"u8.ToArray(), "text/plain");
    });

    private static Task WriteAsync(HttpContext context, int status, byte[] body, string contentType)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }

    private static async Task DripAsync(SourceSimulator server, HttpContext context, (byte[] Body, string ContentType)? right)
    {
        context.Response.ContentType = right!.Value.ContentType;
        foreach (var part in right.Value.Body.Chunk(Math.Max(1, right.Value.Body.Length / 40)))
        {
            await context.Response.Body.WriteAsync(part);
            await context.Response.Body.FlushAsync();
            await Task.Delay(1);
        }
    }

    private static async Task FloodAsync(SourceSimulator server, HttpContext context, (byte[] Body, string ContentType)? right)
    {
        context.Response.ContentType = right!.Value.ContentType;
        var part = new byte[1 << 20];
        part.AsSpan().Fill((byte)' ');
        right.Value.Body.AsSpan(0, Math.Min(32, right.Value.Body.Length)).CopyTo(part);
        for (var sent = 0; sent < Excess && !context.RequestAborted.IsCancellationRequested; sent += part.Length) await context.Response.Body.WriteAsync(part, context.RequestAborted).AsTask().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>A table of JSON rows or of CSV with other columns; other bodies, whose columns lie deeper, are changed in a byte.</summary>
    private static byte[] Columns((byte[] Body, string ContentType) right, bool swap = false, bool add = false, bool remove = false)
    {
        var text = Encoding.UTF8.GetString(right.Body);
        if (right.ContentType == SourceData.Json && text.StartsWith("[[", StringComparison.Ordinal))
            return Encoding.UTF8.GetBytes(Regex.Replace(text, @"\[(""[^\[\]]*"")\]", row =>
            {
                var cells = Regex.Split(row.Groups[1].Value, @",(?="")").ToList();
                var at = cells.Count - 2;
                if (swap) (cells[0], cells[at]) = (cells[at], cells[0]);
                if (add) cells.Insert(1, row.Index < 3 ? "\"NEW_COLUMN\"" : "\"x\"");
                if (remove) cells.RemoveAt(at);
                return $"[{string.Join(',', cells)}]";
            }));
        var other = (byte[])right.Body.Clone();
        other[other.Length * 2 / 3] ^= (byte)(swap ? 1 : add ? 2 : 4);
        return other;
    }

    private static byte[] Zip(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true)) gzip.Write(body);
        return packed.ToArray();
    }
}

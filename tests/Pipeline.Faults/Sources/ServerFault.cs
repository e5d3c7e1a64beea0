using System.IO.Compression;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Pipeline.Faults.Sources;

/// <summary>What a server does instead of answering rightly.</summary>
/// <param name="Name">In words.</param>
/// <param name="Seen">What the message about it must hold at a request; null where the right rows are loaded all the
/// same.</param>
/// <param name="Answer">Does it.</param>
/// <param name="Wait">How long the server asks to be left alone.</param>
/// <param name="Until">Until when it asks to be left alone.</param>
internal sealed record ServerFault(
    string Name,
    Func<SourceCase, string?> Seen,
    Func<SourceSimulator, HttpContext, (byte[] Body, string ContentType)?, Task> Answer,
    TimeSpan? Wait = null,
    DateTimeOffset? Until = null
)
{
    private const int Excess = 257 << 20;

    /// <summary>In how many parts a dripping body comes.</summary>
    private const int Drops = 40;

    /// <summary>When the faults are tried.</summary>
    public static readonly DateTimeOffset Start = SourceCase.Start.AddDays(1);

    public Task AnswerAsync(SourceSimulator server, HttpContext context, (byte[] Body, string ContentType)? right) =>
        Answer(server, context, right);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The faults of a transport and of a service, which any server may have.</summary>
    public static IReadOnlyList<ServerFault> All { get; } =
    [
        .. from part in (double[])[0, 0.5] from end in (string[])["close", "abort", "hang"] select Broken(part, end),
        new("silent truncation", FaultWords.Truncated, (_, context, right) =>
            WriteAsync(context, 200, right!.Value.Body[..(right.Value.Body.Length * 2 / 3)], right.Value.ContentType)
        ),
        Busy(429, TimeSpan.FromSeconds(7)),
        Busy(429, TimeSpan.FromDays(1)),
        Busy(503, TimeSpan.FromSeconds(5)),
        BusyUntil(Start.AddSeconds(45)),
        BusyUntil(Start.AddHours(7)),
        Status(500),
        Status(502),
        Status(503),
        Status(504),
        new(
            "200 with HTML",
            _ => "status 200, text/html, starting \"<!DOCTYPE html><html><body>Sign in</body></html>\", expected a",
            (_, context, _) =>
                WriteAsync(
                    context,
                    200,
                    "<!DOCTYPE html><html><body>Sign in</body></html>"u8.ToArray(),
                    "text/html; charset=utf-8"
                )
        ),
        new(
            "a page that repeats the request",
            _ => "status 200, text/html, starting \"<html>denied: ",
            (_, context, _) =>
                WriteAsync(context, 200, Encoding.UTF8.GetBytes($"<html>denied: {Asked(context)}</html>"), "text/html")
        ),
        new(
            "an error that repeats the request",
            _ => "status 400, text/plain, starting \"bad: ",
            (_, context, _) => WriteAsync(context, 400, Encoding.UTF8.GetBytes($"bad: {Asked(context)}"), "text/plain")
        ),
        new(
            "a redirect that repeats the request",
            _ => "status 302 to \"/login?back=",
            (_, context, _) =>
            {
                context.Response.Headers.Location = $"/login?back={Uri.EscapeDataString(Asked(context))}";
                return WriteAsync(context, 302, [], "text/html");
            }
        ),
        new(
            "200 without a body",
            _ => "status 200 without a body, expected a",
            (_, context, _) => WriteAsync(context, 200, [], "application/json")
        ),
        new("204", FaultWords.NoContent, (_, context, _) =>
        {
            context.Response.StatusCode = 204;
            return Task.CompletedTask;
        }),
        new("another charset", FaultWords.Charset, (_, context, right) =>
            WriteAsync(
                context,
                200,
                Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(right!.Value.Body)),
                right.Value.ContentType + "; charset=utf-16"
            )
        ),
        new("gzip that is cut", FaultWords.CutGzip, (_, context, right) =>
        {
            context.Response.Headers.ContentEncoding = "gzip";
            var packed = Zip(right!.Value.Body);
            return WriteAsync(context, 200, packed[..(packed.Length / 2)], right.Value.ContentType);
        }),
        new(
            "redirect to a login page",
            _ => "status 302 to \"/login?back=data\", expected an answer without redirect",
            (_, context, _) =>
            {
                context.Response.Headers.Location = "/login?back=data";
                return WriteAsync(context, 302, "<html>moved</html>"u8.ToArray(), "text/html");
            }
        ),
        Other("columns in another order", ColumnChange.Order, _ => null),
        Other("a column more", ColumnChange.More, _ => null),
        Other("a column less", ColumnChange.Less, FaultWords.ColumnLess),
        new(
            "slow drip",
            _ => null,
            (server, context, right) => DripAsync(server, context, right, TimeSpan.FromSeconds(1))
        ),
        new("a drip that takes longer than it may", FaultWords.TooSlow, (server, context, right) =>
            DripAsync(server, context, right, TimeSpan.FromSeconds(10))
        ),
        new("a body beyond the limit", FaultWords.TooLong, FloodAsync),
    ];

    /// <summary>
    /// An answer that says how long it is and ends before: in peace (<c>close</c>: what was written arrives, then the
    /// end), by a reset (<c>abort</c>), or never.
    /// </summary>
    private static ServerFault Broken(double part, string end) =>
        new(
            $"{(part > 0 ? "half a body" : "no body")}, then {end}",
            (end, part) switch
            {
                ("hang", _) => FaultWords.Hung,
                ("close", 0) => FaultWords.ClosedEarly,
                ("close", _) => FaultWords.ClosedHalfway,
                _ => FaultWords.Reset,
            },
            async (server, context, right) =>
            {
                var body = right!.Value.Body;
                var half = body.AsMemory(0, (int)(body.Length * part));
                if (end == "close")
                {
                    var head =
                        $"HTTP/1.1 200 OK\r\nContent-Type: {right.Value.ContentType}\r\nContent-Length: "
                        + $"{body.Length}\r\nConnection: close\r\n\r\n";
                    await SourceSimulator.CloseBehindAsync(
                        context,
                        part > 0 ? [.. Encoding.ASCII.GetBytes(head), .. half.Span] : []
                    );
                    return;
                }
                context.Response.ContentType = right.Value.ContentType;
                context.Response.ContentLength = body.Length;
                if (part > 0)
                {
                    await context.Response.Body.WriteAsync(half);
                    await context.Response.Body.FlushAsync();
                }
                if (end == "hang")
                    await server.HangAsync(context);
                else
                    context.Abort();
            }
        );

    private static ServerFault Status(int status, string header = "") =>
        new(
            $"{status}{(header.Length > 0 ? $" with Retry-After {header}" : "")}",
            _ => $"status {status}, text/plain, starting \"out of order\", expected status 200; ",
            (_, context, _) =>
            {
                if (header.Length > 0)
                    context.Response.Headers.RetryAfter = header;
                return WriteAsync(context, status, "out of order"u8.ToArray(), "text/plain");
            }
        );

    private static ServerFault Busy(int status, TimeSpan wait) =>
        Status(status, $"{wait.TotalSeconds:0}") with
        {
            Wait = wait,
        };

    private static ServerFault BusyUntil(DateTimeOffset until) => Status(429, $"{until:R}") with { Until = until };

    private static ServerFault Other(string name, ColumnChange change, Func<SourceCase, string?> seen) =>
        new(name, seen, (server, context, right) =>
            WriteAsync(
                context,
                200,
                Columns.Change(right!.Value.Body, right.Value.ContentType, server.Data, change),
                right.Value.ContentType
            )
        );

    private static string Asked(HttpContext context) =>
        $"{context.Request.QueryString} "
        + $"{string.Join(' ', context.Request.Headers.Select(header => header.Value.ToString()))}";

    private static Task WriteAsync(HttpContext context, int status, byte[] body, string contentType)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body).AsTask();
    }

    /// <summary>Sends a body in parts; before each, time goes on.</summary>
    private static async Task DripAsync(
        SourceSimulator server,
        HttpContext context,
        (byte[] Body, string ContentType)? right,
        TimeSpan pause
    )
    {
        var body = right!.Value.Body;
        context.Response.ContentType = right.Value.ContentType;
        for (var drop = 0; drop < Drops && !context.RequestAborted.IsCancellationRequested; drop++)
        {
            server.Clock!.Advance(pause);
            // Past every deadline: who keeps it has given up by now, or is about to; who does not gets the rest.
            if (drop == Drops - 1 && pause > TimeSpan.FromSeconds(2))
                await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(5), context.RequestAborted));
            await Task.WhenAny(
                context
                    .Response.Body.WriteAsync(
                        body.AsMemory((body.Length * drop / Drops)..(body.Length * (drop + 1) / Drops)),
                        context.RequestAborted
                    )
                    .AsTask()
            );
            await Task.WhenAny(context.Response.Body.FlushAsync(context.RequestAborted));
        }
    }

    private static async Task FloodAsync(
        SourceSimulator server,
        HttpContext context,
        (byte[] Body, string ContentType)? right
    )
    {
        context.Response.ContentType = right!.Value.ContentType;
        var part = new byte[1 << 20];
        part.AsSpan().Fill((byte)' ');
        right.Value.Body.AsSpan(0, Math.Min(32, right.Value.Body.Length)).CopyTo(part);
        for (var sent = 0; sent < Excess && !context.RequestAborted.IsCancellationRequested; sent += part.Length)
            await Task.WhenAny(context.Response.Body.WriteAsync(part, context.RequestAborted).AsTask());
    }

    private static byte[] Zip(byte[] body)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(body);
        return packed.ToArray();
    }
}

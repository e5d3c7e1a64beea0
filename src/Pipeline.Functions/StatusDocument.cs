using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Report;

namespace Pipeline.Functions;

/// <summary>What <c>GET /api/status</c> gives as JSON: the whole report, or what fits under 2 KB.</summary>
internal static class StatusDocument
{
    /// <summary>The most bytes of the brief form.</summary>
    public const int MostBriefBytes = 2048;

    private const int MostLines = 5;
    private const int LongestLine = 160;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The whole report, with the commit of the build.</summary>
    public static byte[] Whole(StatusReport report)
    {
        var document = JsonSerializer.SerializeToNode(report, Json)!.AsObject();
        document.Insert(0, "commit", JsonValue.Create(Telemetry.Commit));
        return JsonSerializer.SerializeToUtf8Bytes(document, Json);
    }

    /// <summary>State, true counts, and as many of the first lines to look at as fit.</summary>
    public static byte[] Brief(StatusReport report)
    {
        for (var lines = MostLines; ; lines--)
        {
            var body = Brief(report, lines);
            if (body.Length <= MostBriefBytes || lines == 0)
                return body;
        }
    }

    private static byte[] Brief(StatusReport report, int lines) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                commit = Telemetry.Commit,
                state = report.State,
                attention = report.Attention.Count,
                first = report.Attention.Take(lines).Select(Cut),
                failedSlices = report.Sources.Sum(source => source.Datasets.Sum(dataset => dataset.Failed)),
                lateDatasets = report.Sources.Sum(source => source.Datasets.Count(dataset => dataset.OverdueHours > 0)),
                openRejects = report.Rejects.Open,
                deadLetters = report.Rejects.DeadLetters.Count,
                waiting = report.Queues.Sum(queue => queue.Waiting),
                poison = report.Queues.Sum(queue => queue.Poison),
            },
            JsonSerializerOptions.Web
        );

    private static string Cut(string line) =>
        line.Length <= LongestLine ? line : string.Concat(line.AsSpan(0, LongestLine - 1), "…");
}

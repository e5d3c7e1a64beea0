using System.Collections.Concurrent;
using Google.Protobuf;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>What the app sends of its work by OpenTelemetry, as a collector receives it.</summary>
public sealed class TraceTests(Azurite azurite)
{
    [Fact]
    public async Task One_trace_leads_from_the_plan_of_a_source_to_its_files()
    {
        var spans = new ConcurrentQueue<Span>();
        await using var collector = await Collector.StartAsync("/v1/traces", body =>
        {
            foreach (var span in Span.Read(body))
                spans.Enqueue(span);
        });
        var ended = await App.RunAsync(
            App.Small(azurite.NewAccount(), [.. collector.Settings, ("OTEL_BSP_SCHEDULE_DELAY", "100")]),
            "--once",
            "PlanCensusTrade",
            "--port",
            $"{Loopback.FreePort()}"
        );
        Assert.True(ended.ExitCode == 0, $"{ended}");
        var steps = spans.Where(span => span.Name is "PlanCensusTrade" or "Pull" or "Normalize" or "Publish").ToList();
        var plan = Assert.Single(steps, span => span.Name == "PlanCensusTrade");
        Assert.Equal(
            ["Normalize", "PlanCensusTrade", "Publish", "Pull"],
            steps.Select(span => span.Name).Distinct().Order(StringComparer.Ordinal)
        );
        Assert.All(steps, span => Assert.Equal(plan.Trace, span.Trace));
        // Each step follows the one that sent its message.
        var byId = steps.ToDictionary(span => span.Id);
        Assert.All(steps.Where(span => span != plan), span => Assert.Contains(
                byId[span.Parent].Name,
                span.Name switch
                {
                    "Pull" => ["PlanCensusTrade", "Publish", "Pull"],
                    "Normalize" => ["Pull", "Normalize"],
                    _ => (string[])["Normalize", "Publish", "Pull", "PlanCensusTrade"],
                }
            ));
        Assert.All(steps, span => Assert.Contains("census-trade", span.Text, StringComparison.Ordinal));
        Assert.DoesNotContain(spans, span => span.Text.Contains("AccountKey", StringComparison.Ordinal));
    }

    /// <summary>A span of OTLP: ids as hexadecimal digits, and all its bytes as text.</summary>
    private sealed record Span(string Trace, string Id, string Parent, string Name, string Text)
    {
        /// <summary>Reads ExportTraceServiceRequest of the OpenTelemetry protocol: fields 1, 2, 2 hold spans.</summary>
        public static IEnumerable<Span> Read(byte[] request) =>
            Fields(request, 1)
                .SelectMany(resource => Fields(resource, 2))
                .SelectMany(scope => Fields(scope, 2))
                .Select(span => new Span(
                    Hex(Fields(span, 1).First()),
                    Hex(Fields(span, 2).First()),
                    Hex(Fields(span, 4).FirstOrDefault() ?? []),
                    System.Text.Encoding.UTF8.GetString(Fields(span, 5).First()),
                    System.Text.Encoding.Latin1.GetString(span)
                ));

        private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);

        private static List<byte[]> Fields(byte[] message, int number)
        {
            var found = new List<byte[]>();
            var reader = new CodedInputStream(message);
            while (reader.ReadTag() is not 0 and var tag)
            {
                if (tag == WireFormat.MakeTag(number, WireFormat.WireType.LengthDelimited))
                    found.Add(reader.ReadBytes().ToByteArray());
                else
                    reader.SkipLastField();
            }
            return found;
        }
    }
}

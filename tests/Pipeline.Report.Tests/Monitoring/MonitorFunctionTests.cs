using System.Diagnostics.Metrics;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Functions;
using Pipeline.Report.Monitoring;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Report.Tests.Monitoring;

public sealed class MonitorFunctionTests(Azurite azurite)
{
    [Fact]
    public async Task Every_reading_is_recorded_with_what_it_was_read_of()
    {
        using var source = new FakeSource { Body = "a=1" };
        await using var pipeline = new TestPipeline(
            azurite.NewAccount(),
            source,
            new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero))
        );
        await pipeline.RunAsync();
        var recorded = new List<Gauge>();
        var factory = pipeline.Get<IMeterFactory>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, factory))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>(
            (instrument, value, tags, _) =>
            {
                var tag = Assert.Single(tags.ToArray());
                recorded.Add(new Gauge(instrument.Name, tag.Key, (string)tag.Value!, value));
            }
        );
        listener.Start();
        await new MonitorFunction(pipeline.Get<PipelineMonitor>(), pipeline.Get<PipelineMetrics>()).RunAsync(
            new TimerInfo(),
            CancellationToken.None
        );
        var expected = await pipeline.Get<PipelineMonitor>().ReadAsync(CancellationToken.None);
        Assert.Equal(expected, recorded);
        Assert.Equal(
            Gauges.All.Select(gauge => gauge.Name).Order(StringComparer.Ordinal),
            recorded.Select(reading => reading.Name).Distinct().Order(StringComparer.Ordinal)
        );
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Functions;
using Pipeline.Report.Monitoring;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Report.Tests.Monitoring;

public sealed class MonitorFunctionTests(Azurite azurite)
{
    [Fact]
    public async Task Every_reading_goes_out_as_a_metric_and_as_a_line_that_says_the_same()
    {
        using var source = new FakeSource { Body = "a=1" };
        await using var pipeline = new TestPipeline(
            azurite.NewAccount(),
            source,
            new FakeTimeProvider(new DateTimeOffset(2026, 3, 2, 12, 0, 0, TimeSpan.Zero))
        );
        await pipeline.RunAsync();
        var log = new Captured();
        await new MonitorFunction(pipeline.Get<PipelineMonitor>(), log).RunAsync(
            new TimerInfo(),
            CancellationToken.None
        );
        var expected = await pipeline.Get<PipelineMonitor>().ReadAsync(CancellationToken.None);
        Assert.Equal(expected, log.Metrics);
        Assert.Equal(expected, log.Lines.Select(Read));
        Assert.All(log.Levels, level => Assert.Equal(LogLevel.Information, level));
    }

    /// <summary>
    /// Reads a line as the queries of the alerts do: <c>parse Message with "gauge NAME PROPERTY=" Of " value="
    /// Value:real</c>.
    /// </summary>
    private static Gauge Read(string line)
    {
        var match = Regex.Match(line, @"^gauge (\S+) (\w+)=(\S+) value=(\S+)$");
        Assert.True(match.Success, line);
        return new Gauge(
            match.Groups[1].Value,
            match.Groups[2].Value,
            match.Groups[3].Value,
            double.Parse(match.Groups[4].Value, CultureInfo.InvariantCulture)
        );
    }

    private sealed class Captured : ILogger<MonitorFunction>
    {
        public List<Gauge> Metrics { get; } = [];
        public List<string> Lines { get; } = [];
        public List<LogLevel> Levels { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            Levels.Add(logLevel);
            if (eventId.Name != "MS_LogMetric")
            {
                Lines.Add(formatter(state, exception));
                return;
            }
            var pairs = Assert.IsAssignableFrom<IDictionary<string, object>>(state);
            var (property, of) = Assert.Single(pairs, pair => pair.Key is not ("Name" or "Value"));
            Metrics.Add(new Gauge((string)pairs["Name"], property, (string)of, (double)pairs["Value"]));
        }
    }
}

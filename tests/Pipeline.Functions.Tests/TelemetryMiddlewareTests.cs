using System.Collections.Immutable;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using Pipeline.Report.Monitoring;
using Xunit;

namespace Pipeline.Functions.Tests;

/// <summary>Each invocation is a span and a count, and a timer waits until its metrics are sent.</summary>
[Collection("telemetry")] // spans and meters are found by their names, those of the neighbour too
public sealed class TelemetryMiddlewareTests : IDisposable
{
    private readonly ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<Activity> spans = [];
    private readonly ActivityListener listener;

    public TelemetryMiddlewareTests()
    {
        listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == PipelineMetrics.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
    }

    public void Dispose()
    {
        listener.Dispose();
        services.Dispose();
    }

    [Theory]
    [InlineData(
        "Pull",
        "queueTrigger",
        """{"Slice":"census-trade/exports-total/2019","LeaseLosses":1}""",
        "census-trade"
    )]
    [InlineData("Publish", "queueTrigger", """{"Kind":"RefreshSource","source":"moex-holders"}""", "moex-holders")]
    [InlineData("Pull", "queueTrigger", "no message", "")]
    [InlineData("Pull", "queueTrigger", "[1]", "")]
    [InlineData("PlanUnctadFdi", "timerTrigger", null, "unctad-fdi")]
    [InlineData("Monitor", "timerTrigger", null, "")]
    public async Task It_counts_by_function_source_and_outcome(
        string function,
        string trigger,
        string? message,
        string source
    )
    {
        var counted = new List<string>();
        var metrics = Metrics(counted);
        var middleware = new TelemetryMiddleware(metrics, [], new Lines());
        var context = new Invocation(function, trigger, message);
        await middleware.Invoke(context, _ => Task.CompletedTask);
        await Assert.ThrowsAsync<FormatException>(() =>
            middleware.Invoke(context, _ => throw new FormatException("secret"))
        );
        Assert.Equal(
            [
                $"function={function} source={source} outcome=succeeded",
                $"function={function} source={source} outcome=failed",
            ],
            counted
        );
        var own = spans.Where(span => span.OperationName == function).ToList();
        Assert.Equal(2, own.Count);
        Assert.All(own, span => Assert.Equal(source, span.GetTagItem("pipeline.source")));
        Assert.Equal((ActivityStatusCode.Error, "FormatException"), (own[1].Status, own[1].StatusDescription));
    }

    [Theory]
    [InlineData("timerTrigger", true)]
    [InlineData("queueTrigger", false)] // its counts go out with the next interval, or when the instance ends
    public async Task A_timer_whose_metrics_are_not_sent_says_so_and_has_done_its_work(string trigger, bool says)
    {
        using var exporter = new Refusing();
        using var provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(PipelineMetrics.Name)
            .AddReader(new BaseExportingMetricReader(exporter))
            .Build();
        var log = new Lines();
        var middleware = new TelemetryMiddleware(Metrics([]), [provider], log);
        await middleware.Invoke(new Invocation("Monitor", trigger, null), _ => Task.CompletedTask);
        string[] expected =
        [
            "Error Monitor: the metrics were not sent within 10 s, expected an exporter that takes them; see whether the "
                + "address in APPLICATIONINSIGHTS_CONNECTION_STRING or OTEL_EXPORTER_OTLP_ENDPOINT responds, and "
                + "whether the identity may publish metrics",
        ];
        Assert.Equal(says ? expected : [], log.All);
    }

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("00-0af7651916cd43dd-b7ad6b7169203331-01", false)]
    [InlineData("", false)]
    public async Task A_step_continues_the_trace_of_the_message_and_is_linked_to_the_invocation(
        string sender,
        bool continues
    )
    {
        using var host = new Activity("host").Start();
        await new TelemetryMiddleware(Metrics([]), [], new Lines()).Invoke(
            new Invocation("Pull", "queueTrigger", $$"""{"Slice":"a/b/c","TraceParent":"{{sender}}"}"""),
            _ => Task.CompletedTask
        );
        var span = Assert.Single(spans, span => span.OperationName == "Pull");
        Assert.Equal(
            continues
                ? ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", $"{host.SpanId}")
                : ($"{host.TraceId}", $"{host.SpanId}", ""),
            ($"{span.TraceId}", $"{span.ParentSpanId}", string.Concat(span.Links.Select(link => link.Context.SpanId)))
        );
    }

    private sealed class Lines : ILogger<TelemetryMiddleware>
    {
        public List<string> All { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        ) => All.Add($"{logLevel} {formatter(state, exception)}");
    }

    private PipelineMetrics Metrics(List<string> counted)
    {
        var factory = services.GetRequiredService<IMeterFactory>();
        var counter = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == PipelineMetrics.Outcomes && ReferenceEquals(instrument.Meter.Scope, factory))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        counter.SetMeasurementEventCallback<long>(
            (_, _, tags, _) => counted.Add(string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}")))
        );
        counter.Start();
        return new PipelineMetrics(factory);
    }

    private sealed class Refusing : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch) => ExportResult.Failure;
    }

    private sealed class Invocation(string function, string trigger, string? message) : FunctionContext
    {
        public override string InvocationId => "1";
        public override string FunctionId => function;
        public override TraceContext TraceContext => throw new NotSupportedException();
        public override RetryContext RetryContext => throw new NotSupportedException();
        public override IServiceProvider InstanceServices { get; set; } = null!;
        public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();
        public override IInvocationFeatures Features => throw new NotSupportedException();
        public override BindingContext BindingContext { get; } = new Message(message);
        public override FunctionDefinition FunctionDefinition { get; } = new Definition(function, trigger);
    }

    private sealed class Message(string? text) : BindingContext
    {
        public override IReadOnlyDictionary<string, object?> BindingData { get; } =
            text is null
                ? new Dictionary<string, object?>()
                : new Dictionary<string, object?> { ["QueueTrigger"] = text };
    }

    private sealed class Definition(string name, string trigger) : FunctionDefinition
    {
        public override ImmutableArray<FunctionParameter> Parameters => [];
        public override string PathToAssembly => "";
        public override string EntryPoint => "";
        public override string Id => name;
        public override string Name => name;
        public override IImmutableDictionary<string, BindingMetadata> OutputBindings =>
            ImmutableDictionary<string, BindingMetadata>.Empty;
        public override IImmutableDictionary<string, BindingMetadata> InputBindings =>
            ImmutableDictionary<string, BindingMetadata>.Empty.Add("trigger", new Trigger(trigger));
    }

    private sealed class Trigger(string type) : BindingMetadata
    {
        public override string Name => "trigger";
        public override string Type => type;
        public override BindingDirection Direction => BindingDirection.In;
    }
}

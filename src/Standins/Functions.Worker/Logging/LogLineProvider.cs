using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Standin.Functions.Worker.Logging;

/// <summary>Puts the log of host and app into <see cref="LogLines"/>, with the function that was running.</summary>
internal sealed class LogLineProvider(LogLines lines) : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider scopes = new LoggerExternalScopeProvider();

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => scopes = scopeProvider;
    public ILogger CreateLogger(string categoryName) => new Logger(this, lines, categoryName);

    public void Dispose()
    {
        // The writers belong to whoever made the host.
    }

    private sealed class Logger(LogLineProvider provider, LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => provider.scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) =>
            logLevel != LogLevel.None && (lines.Asked is not { Once: true, Verbose: false } || logLevel >= LogLevel.Warning);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel)) return;
            // Event ids are equal when their numbers are, whatever their names: other events have the same number.
            var message = eventId.Name == Metric.Event.Name && state is IDictionary<string, object> gauge && gauge.ContainsKey(Metric.NameKey) && gauge.ContainsKey(Metric.ValueKey) ? Gauge(gauge) : formatter(state, exception);
            if (exception is not null) message = $"{(message.Length == 0 ? category : message)} {(lines.Asked.Verbose ? exception.ToString() : OneLine(exception))}";
            if (message.Length > 0) lines.Event(logLevel, Function(), message);
        }

        private string? Function()
        {
            string? name = null;
            provider.scopes.ForEachScope((scope, _) => name = scope is FunctionScope function ? function.Name : name, 0);
            if (name is not null) return name;
            if (category.StartsWith("Function.", StringComparison.Ordinal)) return category["Function.".Length..];
            return category.StartsWith("Host", StringComparison.Ordinal) ? null : category;
        }

        private static string Gauge(IDictionary<string, object> pairs)
        {
            var rest = pairs.Where(pair => pair.Key is not (Metric.NameKey or Metric.ValueKey)).Select(pair => $" {pair.Key}={pair.Value}");
            return string.Create(CultureInfo.InvariantCulture, $"metric {pairs[Metric.NameKey]} = {pairs[Metric.ValueKey]}{string.Concat(rest)}");
        }
    }

    /// <summary>An exception and its causes on one line.</summary>
    public static string OneLine(Exception exception)
    {
        var parts = new List<string>();
        for (var at = exception; at is not null && parts.Count < 4; at = at.InnerException)
        {
            // The storage clients append status, headers and body below the first line.
            var text = (at is AggregateException several ? $"{several.InnerExceptions.Count} attempts failed" : at.Message.Split('\n', 2)[0]).Trim();
            if (parts.Count == 0 || !parts[^1].Contains(text, StringComparison.Ordinal)) parts.Add($"{at.GetType().Name}: {text}");
        }
        return string.Join(" <- ", parts);
    }
}

/// <summary>The function that is running, as a log scope.</summary>
internal sealed record FunctionScope(string Name, string InvocationId)
{
    public override string ToString() => $"{Name} {InvocationId}";
}

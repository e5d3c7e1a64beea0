using Microsoft.Extensions.Logging;

namespace Pipeline.Local;

/// <summary>Passes the log of the listeners to <see cref="ConsoleLog"/>.</summary>
internal sealed class ConsoleLogProvider(ConsoleLog log) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new Logger(log, categoryName);

    public void Dispose()
    {
        // The writers belong to the process.
    }

    private sealed class Logger(ConsoleLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= log.Least && logLevel != LogLevel.None;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }
            var message = formatter(state, exception);
            if (exception is not null)
            {
                message = $"{message} {log.OneLine(exception)}".Trim();
            }
            var function = category.StartsWith("Function.", StringComparison.Ordinal) ? category.Split('.')[1] : null;
            log.Event(logLevel, function, message);
        }
    }
}

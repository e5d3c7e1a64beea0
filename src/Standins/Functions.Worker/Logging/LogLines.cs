using System.Globalization;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;

namespace Standin.Functions.Worker.Logging;

/// <summary>Where the host writes: one line an event. While a live display is on the terminal, lines go through it.</summary>
internal sealed class LogLines(TextWriter output, TextWriter error, TimeProvider time, CommandLine asked)
{
    private readonly Lock gate = new();

    /// <summary>Set while a live display owns the terminal.</summary>
    public Action<string>? Terminal { get; set; }

    public CommandLine Asked => asked;

    /// <summary>A line of ordinary output.</summary>
    public void Say(string line) => Write(output, line);

    /// <summary>A line about something that went wrong.</summary>
    public void Complain(string line) => Write(error, line);

    /// <summary>An event of the log.</summary>
    public void Event(LogLevel level, string? function, string message)
    {
        var where = string.IsNullOrEmpty(function) ? "" : $"{function}: ";
        var word = level switch { LogLevel.Critical or LogLevel.Error => "error", LogLevel.Warning => "warn", LogLevel.Information => "info", _ => "debug" };
        var line = asked.Once ? $"{word}: {where}{message}" : string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fff}Z {word,-5} {where}{message}");
        Write(level >= LogLevel.Warning ? error : output, line);
    }

    private void Write(TextWriter writer, string line)
    {
        lock (gate)
        {
            if (Terminal is { } terminal) terminal(line);
            else
            {
                writer.WriteLine(line);
                writer.Flush();
            }
        }
    }
}

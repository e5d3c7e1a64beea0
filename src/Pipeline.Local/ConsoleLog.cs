using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Pipeline.Local;

/// <summary>Writes what the local host and its worker have to say: one line an event, as text or as JSON.</summary>
/// <param name="output">Receives information.</param>
/// <param name="error">Receives warnings and errors.</param>
/// <param name="time">The clock of the lines.</param>
/// <param name="options">Which lines are shown and in which form.</param>
internal sealed class ConsoleLog(TextWriter output, TextWriter error, TimeProvider time, LocalOptions options)
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock gate = new();

    /// <summary>
    /// The least level that is shown: a run that ends by itself shows its progress instead of every step.
    /// </summary>
    public LogLevel Least => options.Verbose || !options.Ends ? LogLevel.Information : LogLevel.Warning;

    public bool Verbose => options.Verbose;

    /// <summary>True once the reason of the end is known: failures that follow from it are not shown.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Writes a line of ordinary output.</summary>
    public void Say(string line) => Write(LogLevel.Information, null, line, plain: true);

    /// <summary>
    /// Writes a line about what is being started. A list goes to standard output alone, so that it can be
    /// piped.
    /// </summary>
    public void Progress(string line) =>
        Write(LogLevel.Information, null, line, plain: true, options.Mode == LocalMode.List ? error : output);

    /// <summary>Writes a line about a fault in a report, which stays among its other lines.</summary>
    public void Fault(string line) => Write(LogLevel.Error, null, line, plain: true, output);

    /// <summary>Writes a line about a failure.</summary>
    public void Complain(string line) => Write(LogLevel.Error, null, line, plain: true);

    /// <summary>Writes an event of the log if its level is shown.</summary>
    public void Event(LogLevel level, string? function, string message)
    {
        if (level >= Least && level != LogLevel.None && (!IsStopping || Verbose))
        {
            Write(level, function, message, plain: false);
        }
    }

    /// <summary>Writes text that has lines of its own, or in JSON form the objects that stand for it.</summary>
    public void Table(string text, IEnumerable<JsonObject> rows)
    {
        lock (gate)
        {
            if (options.Json)
            {
                foreach (var row in rows)
                {
                    row["time"] = Now;
                    row["level"] = "information";
                    output.WriteLine(row.ToJsonString(Readable));
                }
            }
            else
            {
                output.Write(text);
            }
            output.Flush();
        }
    }

    /// <summary>An exception with its causes on one line.</summary>
    public string OneLine(Exception exception)
    {
        if (options.Verbose)
        {
            return exception.ToString();
        }
        var parts = new List<string>();
        for (var at = exception; at is not null && parts.Count < 4; at = at.InnerException)
        {
            // The storage clients append status, headers and body below the first line.
            var text = (
                at is AggregateException several
                    ? $"{several.InnerExceptions.Count} attempts failed"
                    : at.Message.Split('\n', 2)[0]
            ).Trim();
            if (parts.Count == 0 || !parts[^1].Contains(text, StringComparison.Ordinal))
            {
                parts.Add($"{at.GetType().Name}: {text}");
            }
        }
        return string.Join(" <- ", parts);
    }

    private void Write(LogLevel level, string? function, string message, bool plain, TextWriter? to = null)
    {
        var writer = to ?? (level >= LogLevel.Warning ? error : output);
        var line = options.Json ? Json(level, function, message) : Text(level, function, message, plain);
        lock (gate)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }

    private string Text(LogLevel level, string? function, string message, bool plain)
    {
        if (plain)
        {
            return message;
        }
        var word = level switch
        {
            LogLevel.Critical or LogLevel.Error => "error",
            LogLevel.Warning => "warn",
            LogLevel.Information => "info",
            _ => "debug",
        };
        var where = string.IsNullOrEmpty(function) ? "" : $"{function}: ";
        var moment = options.Ends ? "" : $"{Now} ";
        return $"{moment}{word}: {where}{message}";
    }

    private string Now => time.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);

    private string Json(LogLevel level, string? function, string message)
    {
        var line = new JsonObject { ["time"] = Now, ["level"] = level.ToString().ToLowerInvariant() };
        if (!string.IsNullOrEmpty(function))
        {
            line["function"] = function;
        }
        line["message"] = message;
        return line.ToJsonString(Readable);
    }
}

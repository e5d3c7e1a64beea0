using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.Azure.WebJobs.Host;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Pipeline.Local;

/// <summary>The app's host.json, with the settings <c>AzureFunctionsJobHost__…</c> laid over it.</summary>
internal sealed class HostFile
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(30);

    /// <summary>The timers of .NET take no more than 49.7 days.</summary>
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(49);

    private readonly IReadOnlyList<(string Prefix, LogLevel Level)> logLevels;
    private readonly LogLevel defaultLevel;

    private HostFile(IConfiguration values, string routePrefix, TimeSpan functionTimeout)
    {
        Values = values;
        RoutePrefix = routePrefix;
        FunctionTimeout = functionTimeout;
        var levels = values
            .GetSection("logging:logLevel")
            .GetChildren()
            .Where(entry => Enum.TryParse<LogLevel>(entry.Value, ignoreCase: true, out _))
            .Select(entry => (Prefix: entry.Key, Level: Enum.Parse<LogLevel>(entry.Value!, ignoreCase: true)))
            .ToList();
        defaultLevel = levels
            .Where(entry => entry.Prefix == "default")
            .Select(entry => (LogLevel?)entry.Level)
            .FirstOrDefault()
            ?? LogLevel.Information;
        logLevels = [.. levels.Where(entry => entry.Prefix != "default")];
    }

    /// <summary>All values, by the names of host.json.</summary>
    public IConfiguration Values { get; }

    /// <summary>What stands before the routes of HTTP functions.</summary>
    public string RoutePrefix { get; }

    /// <summary>The address of a route, for example <c>/api/report</c>.</summary>
    public string Address(string route) => RoutePrefix.Length == 0 ? $"/{route}" : $"/{RoutePrefix}/{route}";

    /// <summary>How long a function may run; <see cref="Timeout.InfiniteTimeSpan"/> for any time.</summary>
    public TimeSpan FunctionTimeout { get; }

    /// <summary>
    /// The level from which on a category of the worker's log is shown: the longest of the configured prefixes
    /// decides.
    /// </summary>
    public LogLevel LevelOf(string category) =>
        logLevels
            .Where(entry => category.StartsWith(entry.Prefix, StringComparison.Ordinal))
            .OrderByDescending(entry => entry.Prefix.Length)
            .Select(entry => (LogLevel?)entry.Level)
            .FirstOrDefault()
        ?? defaultLevel;

    /// <summary>Reads the file of an app.</summary>
    /// <exception cref="StartException">The Functions host would not start with it.</exception>
    public static HostFile Read(string folder, IConfiguration settings)
    {
        var file = Path.Combine(folder, "host.json");
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(
                $"{file}: cannot be read ({e.Message.Split('\n')[0]}), expected the app's host.json; build the app "
                    + "again"
            );
        }
        CheckVersion(file, text);
        var overlay = settings
            .GetSection("AzureFunctionsJobHost")
            .AsEnumerable(makePathsRelative: true)
            .Where(pair => pair is { Key.Length: > 0, Value: not null });
        IConfiguration values;
        try
        {
            values = new ConfigurationBuilder()
                .AddJsonStream(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)))
                .AddInMemoryCollection(overlay)
                .Build();
        }
        catch (FormatException e)
        {
            throw new StartException(
                $"{file}: {e.Message.TrimEnd('.')}, expected each name once, upper and lower case being the same; "
                    + "correct the file"
            );
        }
        CheckQueues(file, values);
        return new HostFile(
            values,
            (values["extensions:http:routePrefix"] ?? "api").Trim('/'),
            Timeout(file, values["functionTimeout"])
        );
    }

    private static void CheckVersion(string file, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(
                text,
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }
            );
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("version", out var version))
            {
                throw new StartException(
                    $"{file}, version: seen nothing, expected the text \"2.0\"; add \"version\": \"2.0\""
                );
            }
            if (version.ValueKind != JsonValueKind.String || version.GetString() != "2.0")
            {
                throw new StartException(
                    $"{file}, version: seen {version.GetRawText()}, expected the text \"2.0\"; correct it"
                );
            }
        }
        catch (JsonException e)
        {
            throw new StartException(
                $"{file} line {e.LineNumber + 1}: seen text that is not JSON, expected an object; correct the file"
            );
        }
    }

    private static TimeSpan Timeout(string file, string? text)
    {
        if (text is null)
        {
            return DefaultTimeout;
        }
        if (text == "-1")
        {
            return System.Threading.Timeout.InfiniteTimeSpan;
        }
        // A bare number means days, which is never meant.
        if (
            text.Contains(':', StringComparison.Ordinal)
            && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var limit)
            && limit > TimeSpan.Zero
            && limit <= LongestTimeout
        )
        {
            return limit;
        }
        throw new StartException(
            $"{file}, functionTimeout: seen \"{text}\", expected hh:mm:ss, at most "
                + $"{LongestTimeout.TotalDays:0} days, or -1 for no limit; correct it"
        );
    }

    /// <summary>Checks the values that the queue listeners take, as they check them themselves, one by one.</summary>
    private static void CheckQueues(string file, IConfiguration values)
    {
        var section = values.GetSection("extensions:queues");
        var wrong = new List<string>();
        foreach (var entry in section.GetChildren().Where(entry => entry.Value is not null))
        {
            var one = new ConfigurationBuilder().AddInMemoryCollection([new(entry.Key, entry.Value)]).Build();
            try
            {
                one.Bind(new QueuesOptions());
            }
            catch (Exception e) when (e is InvalidOperationException or TargetInvocationException or ArgumentException)
            {
                wrong.Add(
                    $"{file}, extensions:queues:{entry.Key}: seen \"{entry.Value}\", expected a value of the "
                        + $"host.json reference ({Reason(e)}); correct it"
                );
            }
        }
        if (wrong.Count > 0)
        {
            throw new StartException(wrong);
        }
    }

    private static string Reason(Exception e) => e.GetBaseException().Message.Split('\n')[0].Trim().TrimEnd('.');
}

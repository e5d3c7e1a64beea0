using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace Standin.Functions.Worker.Hosting;

/// <summary>host.json with the <c>AzureFunctionsJobHost__…</c> settings laid over it.</summary>
internal sealed class HostJson
{
    // Every key of the host.json reference that the host knows; below '*' anything goes.
    private static readonly HashSet<string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        "$schema", "version", "aggregator:*", "applicationInsights:*", "concurrency:*", "customHandler:*", "extensionBundle:*", "functions:*", "functionTimeout",
        "healthMonitor:*", "logging:*", "managedDependency:*", "retry:*", "sendCanceledInvocationsToWorker", "singleton:*", "telemetryMode", "watchDirectories:*",
        "watchFiles:*", "extensions:http:routePrefix", "extensions:http:maxConcurrentRequests", "extensions:http:maxOutstandingRequests",
        "extensions:http:dynamicThrottlesEnabled", "extensions:http:hsts:*", "extensions:http:customHeaders:*", "extensions:queues:batchSize",
        "extensions:queues:newBatchThreshold", "extensions:queues:maxDequeueCount", "extensions:queues:visibilityTimeout",
        "extensions:queues:maxPollingInterval", "extensions:queues:messageEncoding", "extensions:blobs:*", "extensions:cosmosDB:*", "extensions:durableTask:*",
        "extensions:eventGrid:*", "extensions:eventHubs:*", "extensions:kafka:*", "extensions:mysql:*", "extensions:rabbitMQ:*", "extensions:sendGrid:*",
        "extensions:serviceBus:*", "extensions:signalR:*", "extensions:sql:*", "extensions:tables:*", "extensions:twilio:*",
    };

    private readonly IConfiguration values;

    private HostJson(IConfiguration values) => this.values = values;

    public int BatchSize { get; private set; }
    public int NewBatchThreshold { get; private set; }
    public int MaxDequeueCount { get; private set; }
    public TimeSpan VisibilityTimeout { get; private set; }
    public TimeSpan MaxPollingInterval { get; private set; }

    /// <summary>messageEncoding is base64 (else none).</summary>
    public bool Base64 { get; private set; }

    /// <summary>Null means no limit.</summary>
    public TimeSpan? FunctionTimeout { get; private set; }
    public string RoutePrefix { get; private set; } = HostRules.RoutePrefix;

    /// <summary>-1 means no limit.</summary>
    public int MaxConcurrentRequests { get; private set; }
    public int MaxOutstandingRequests { get; private set; }

    /// <summary>Category prefix to level; "default" is the level of all others.</summary>
    public IReadOnlyList<KeyValuePair<string, LogLevel>> LogLevels { get; private set; } = [];

    /// <summary>Keys the host does not know. It ignores them silently; they are worth a warning.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>Reads the file.</summary>
    /// <exception cref="StartupException">The host would not start with it, or a value is not what it should be: one line each.</exception>
    public static HostJson Read(string file, string text, IConfiguration settings, bool development, bool once, int processors)
    {
        CheckVersion(file, text);
        // Copied, not chained: a chained configuration drops empty values, and an empty routePrefix means something.
        var overlay = settings.GetSection("AzureFunctionsJobHost").AsEnumerable(makePathsRelative: true).Where(pair => pair is { Key.Length: > 0, Value: not null });
        var values = new ConfigurationBuilder().AddJsonStream(new MemoryStream(Encoding.UTF8.GetBytes(text))).AddInMemoryCollection(overlay).Build();
        var json = new HostJson(values);
        var errors = new List<string>();
        json.BatchSize = json.Whole(file, "extensions:queues:batchSize", HostRules.BatchSize, 1, HostRules.BatchMaximum, errors);
        json.NewBatchThreshold = json.Whole(file, "extensions:queues:newBatchThreshold", json.BatchSize / 2 * processors, 0, int.MaxValue, errors);
        json.MaxDequeueCount = json.Whole(file, "extensions:queues:maxDequeueCount", HostRules.MaxDequeueCount, 1, int.MaxValue, errors);
        json.MaxConcurrentRequests = json.Whole(file, "extensions:http:maxConcurrentRequests", -1, -1, int.MaxValue, errors);
        json.MaxOutstandingRequests = json.Whole(file, "extensions:http:maxOutstandingRequests", -1, -1, int.MaxValue, errors);
        json.VisibilityTimeout = json.Time(file, "extensions:queues:visibilityTimeout", TimeSpan.Zero, TimeSpan.Zero, errors);
        json.MaxPollingInterval = json.Time(
            file, "extensions:queues:maxPollingInterval", development ? HostRules.PollingMaximumDevelopment : HostRules.PollingMaximum, HostRules.PollingMinimum, errors);
        if (once && json.MaxPollingInterval > HostRules.PollingMaximumOnce) json.MaxPollingInterval = HostRules.PollingMaximumOnce;
        if (once) json.VisibilityTimeout = TimeSpan.Zero; // a failed message is tried again within this run, not left to the next one
        json.FunctionTimeout = values["functionTimeout"] is "-1" ? null : json.Time(file, "functionTimeout", HostRules.FunctionTimeout, TimeSpan.FromSeconds(1), errors);
        json.RoutePrefix = (values["extensions:http:routePrefix"] ?? HostRules.RoutePrefix).Trim('/');
        json.Base64 = json.IsBase64(file, errors);
        json.LogLevels = json.Levels(file, errors);
        json.Warnings = values.AsEnumerable().Where(pair => pair.Value is not null && !IsKnown(pair.Key)).Select(pair => pair.Key).Order(StringComparer.Ordinal)
            .Select(key => $"{file}, {key}: the host does not know this key and ignores it; correct or remove it").ToList();
        return errors.Count == 0 ? json : throw new StartupException(errors);
    }

    private static void CheckVersion(string file, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("version", out var version))
            {
                if (version.ValueKind == JsonValueKind.String && version.GetString() == "2.0") return;
                throw new StartupException($"{file}, version: seen {version.GetRawText()}, expected the text \"2.0\"; correct it");
            }
            throw new StartupException($"{file}, version: missing, expected the text \"2.0\"; add \"version\": \"2.0\"");
        }
        catch (JsonException error)
        {
            throw new StartupException($"{file} line {error.LineNumber + 1}: not valid JSON; correct the file");
        }
    }

    private static bool IsKnown(string key)
    {
        if (Known.Contains(key)) return true;
        for (var at = key.IndexOf(':', StringComparison.Ordinal); at > 0; at = key.IndexOf(':', at + 1))
            if (Known.Contains(key[..at] + ":*")) return true;
        return Known.Contains(key + ":*");
    }

    private int Whole(string file, string key, int fallback, int least, int most, List<string> errors)
    {
        if (values[key] is not { } text) return fallback;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most) return value;
        errors.Add($"{file}, {key}: seen \"{text}\", expected a whole number {(most == int.MaxValue ? $"from {least}" : $"from {least} to {most}")}; correct it");
        return fallback;
    }

    private TimeSpan Time(string file, string key, TimeSpan fallback, TimeSpan least, List<string> errors)
    {
        if (values[key] is not { } text) return fallback;
        var parsed = TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value);
        if (parsed && text.Contains(':', StringComparison.Ordinal) && value >= least) return value;
        var hint = parsed && !text.Contains(':', StringComparison.Ordinal) ? ", which means days" : "";
        errors.Add($"{file}, {key}: seen \"{text}\"{hint}, expected hh:mm:ss of at least {least:c}; correct it");
        return fallback;
    }

    private List<KeyValuePair<string, LogLevel>> Levels(string file, List<string> errors)
    {
        var levels = new List<KeyValuePair<string, LogLevel>>();
        foreach (var entry in values.GetSection("logging:logLevel").GetChildren())
            if (Enum.TryParse<LogLevel>(entry.Value, ignoreCase: true, out var level)) levels.Add(new(entry.Key, level));
            else errors.Add($"{file}, {entry.Path}: seen \"{entry.Value}\", expected one of {string.Join(", ", Enum.GetNames<LogLevel>())}; correct it");
        return levels;
    }

    private bool IsBase64(string file, List<string> errors)
    {
        var text = values["extensions:queues:messageEncoding"] ?? "base64";
        if (text.Equals("base64", StringComparison.OrdinalIgnoreCase)) return true;
        if (!text.Equals("none", StringComparison.OrdinalIgnoreCase))
            errors.Add($"{file}, extensions:queues:messageEncoding: seen \"{text}\", expected base64 or none; correct it");
        return false;
    }
}

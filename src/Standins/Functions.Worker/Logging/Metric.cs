using Microsoft.Extensions.Logging;

namespace Standin.Functions.Worker.Logging;

/// <summary>How a gauge is recognised in the log; the names are the host's.</summary>
internal static class Metric
{
    public const string NameKey = "Name", ValueKey = "Value";
    public static readonly EventId Event = new(1, "metric");
}

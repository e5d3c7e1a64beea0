using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Pipeline.Benchmarks.Processes;

/// <summary>
/// What one run cost its process: time, processor time and allocations between two moments, and the most
/// memory of its whole life.
/// </summary>
public sealed class Meter
{
    /// <summary>Starts the line of output that holds what was measured.</summary>
    public const string Mark = "MEASURED ";

    private readonly long allocated;
    private readonly TimeSpan processor;
    private readonly long started;

    private Meter()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        allocated = GC.GetTotalAllocatedBytes(precise: true);
        processor = Process.GetCurrentProcess().TotalProcessorTime;
        started = Stopwatch.GetTimestamp();
    }

    public static Meter Start() => new();

    /// <summary>Seconds, processor seconds, bytes allocated and bytes of the greatest working set.</summary>
    public Dictionary<string, double> Stop()
    {
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new Dictionary<string, double>
        {
            ["seconds"] = seconds,
            ["cpu"] = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds,
            ["allocated"] = GC.GetTotalAllocatedBytes(precise: true) - allocated,
            ["peak"] = Peak(),
        };
    }

    /// <summary>The line that the process which started this one reads.</summary>
    public static string Line(Dictionary<string, double> measured) => Mark + JsonSerializer.Serialize(measured);

    /// <summary>
    /// The greatest working set so far, bytes: what the kernel counted, or on other systems what the runtime
    /// says.
    /// </summary>
    private static double Peak()
    {
        const string status = "/proc/self/status",
            line = "VmHWM:";
        if (!File.Exists(status))
            return Process.GetCurrentProcess().PeakWorkingSet64;
        var kilobytes = File.ReadLines(status)
            .First(text => text.StartsWith(line, StringComparison.Ordinal))[line.Length..]
            .Trim()
            .Split(' ')[0];
        return double.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024;
    }
}

namespace Standin.Functions.Worker.Hosting;

/// <summary>
/// The constants of the host's semantics, in one place because later hosts may move them. Source: azure-functions-host, azure-webjobs-sdk and its
/// storage and timer extensions, as of host v4 of late 2024.
/// </summary>
internal static class HostRules
{
    /// <summary>How long a received message stays invisible; renewed at half time. Not <c>visibilityTimeout</c>.</summary>
    public static readonly TimeSpan Invisibility = TimeSpan.FromMinutes(10);

    /// <summary>The shortest time between renewals, after errors.</summary>
    public static readonly TimeSpan RenewalMinimum = TimeSpan.FromMinutes(1);

    /// <summary>First wait of an empty queue, and the least a maxPollingInterval may be.</summary>
    public static readonly TimeSpan PollingMinimum = TimeSpan.FromMilliseconds(100);

    /// <summary>Jitter of the polling back-off, as a fraction to either side.</summary>
    public const double PollingJitter = 0.2;

    /// <summary>Default of maxPollingInterval, outside and inside Development.</summary>
    public static readonly TimeSpan PollingMaximum = TimeSpan.FromMinutes(1), PollingMaximumDevelopment = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait during --once: a drained step hands over at once.</summary>
    public static readonly TimeSpan PollingMaximumOnce = TimeSpan.FromMilliseconds(250);

    /// <summary>The storage service hands out at most this many messages at a time.</summary>
    public const int BatchMaximum = 32;

    /// <summary>host.json defaults of the queue extension.</summary>
    public const int BatchSize = 16, MaxDequeueCount = 5;

    /// <summary>What a poison queue's name ends in, and how long a queue's name may be.</summary>
    public const string PoisonSuffix = "-poison";
    public const int QueueNameMinimum = 3, QueueNameMaximum = 63;

    /// <summary>host.json default of functionTimeout, and the grace after it.</summary>
    public static readonly TimeSpan FunctionTimeout = TimeSpan.FromMinutes(30), FunctionTimeoutGrace = TimeSpan.FromSeconds(2);

    /// <summary>Lease of a timer's single instance; other processes retry as often.</summary>
    public static readonly TimeSpan TimerLease = TimeSpan.FromSeconds(60), TimerLeaseDevelopment = TimeSpan.FromSeconds(15);

    /// <summary>A schedule that fires more often than this has no monitor.</summary>
    public static readonly TimeSpan MonitorMinimum = TimeSpan.FromMinutes(1);

    /// <summary>The container of leases and schedule statuses.</summary>
    public const string HostContainer = "azure-webjobs-hosts";

    /// <summary>host.json default of the HTTP route prefix; request bodies up to this many bytes.</summary>
    public const string RoutePrefix = "api";
    public const long RequestBodyMaximum = 104_857_600;

    /// <summary>Core Tools' port.</summary>
    public const int Port = 7071;

    /// <summary>Key of the request's context in <c>FunctionContext.Items</c>.</summary>
    public const string HttpContextItem = "HttpRequestContext";

    /// <summary>How long a stop waits for running functions. Storage keeps what a longer run leaves behind; a second signal ends the process at once.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    /// <summary>During --once: how often progress is asked for, how long nothing may move, and how often planning is repeated then.</summary>
    public static readonly TimeSpan OncePeriod = TimeSpan.FromSeconds(1), OnceStandstill = TimeSpan.FromSeconds(30);
    public const int OnceReplans = 3;

    /// <summary>During --once, output redirected: at most one progress line in this time.</summary>
    public static readonly TimeSpan OnceLinePeriod = TimeSpan.FromSeconds(5);
}

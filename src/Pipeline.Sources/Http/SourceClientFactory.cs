using Microsoft.Extensions.Logging;
using Pipeline.Datasets;

namespace Pipeline.Sources.Http;

/// <summary>Clients that ask the network, or answer from the recorded samples.</summary>
/// <param name="samplesFolder">Where the recorded samples are, one folder a source; null to use the network.</param>
/// <param name="time">The clock of all waits.</param>
/// <param name="random">The jitter of pauses.</param>
/// <param name="network">What carries the requests of a source; null for plain sockets.</param>
/// <param name="loggers">Where retries, time-outs and circuits are logged; null for nowhere.</param>
public sealed class SourceClientFactory(
    string? samplesFolder,
    TimeProvider time,
    Random random,
    Func<HttpMessageHandler>? network = null,
    ILoggerFactory? loggers = null
) : ISourceClientFactory
{
    /// <inheritdoc/>
    public ISourceClient Create(Source source)
    {
        var handler = samplesFolder is null
            ? network?.Invoke() ?? SourceClient.Sockets()
            : new SampleAnswers(Path.Combine(samplesFolder, source.Name));
        return new SourceClient(source.Courtesy, handler, time, Jitter, source.Name, loggers);
    }

    private double Jitter()
    {
        // Random is not safe for threads.
        lock (random)
            return random.NextDouble();
    }
}

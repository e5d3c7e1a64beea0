using Microsoft.Extensions.Logging;
using Pipeline.Slices;

namespace Pipeline.Ingestion;

/// <summary>
/// The part of step 4 that concerns a source as a whole: brings indicators, claims and export files up to date.
/// </summary>
public sealed class RefreshSource(
    SliceBook slices,
    DerivedOutputs outputs,
    RefreshRequests requests,
    ILogger<RefreshSource> logger
)
{
    /// <summary>Refreshes the source of a message.</summary>
    public async Task RunAsync(RefreshSourceMessage message, CancellationToken cancellationToken)
    {
        var source = message.Source;
        // Read first: what changes from here on makes the mark an old one.
        var rows = await slices.ListAsync(source, cancellationToken);
        if (await outputs.IsCurrentAsync(source, rows, cancellationToken))
        {
            logger.LogInformation("{Source}: indicators, claims and files are up to date", source);
            return;
        }
        await outputs.UpdateAsync(source, rows, cancellationToken);
        // A newer body may have been loaded while this one was at work: then its mark is gone, and nothing else would
        // ask.
        await requests.RequestAsync(source, cancellationToken);
    }
}

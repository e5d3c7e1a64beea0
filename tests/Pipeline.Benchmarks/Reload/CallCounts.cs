using Azure.Core;
using Azure.Core.Pipeline;

namespace Pipeline.Benchmarks.Reload;

/// <summary>Counts the calls to the tables of facts and their history, as they leave the pipeline.</summary>
internal sealed class CallCounts : HttpPipelineSynchronousPolicy
{
    private int facts,
        transactions,
        all;

    public override void OnSendingRequest(HttpMessage message)
    {
        var path = message.Request.Uri.ToUri().AbsolutePath;
        Interlocked.Increment(ref all);
        if (path.EndsWith("/$batch", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref transactions);
        }
        else if (
            path.Contains("/trademonthly(", StringComparison.Ordinal)
            || path.Contains("/history(", StringComparison.Ordinal)
        )
        {
            Interlocked.Increment(ref facts);
        }
    }

    public void AddTo(Dictionary<string, double> figures) =>
        (figures["facts"], figures["transactions"], figures["calls"]) = (facts, transactions, all);
}

using Azure;
using Azure.Core;
using Pipeline.Testing;

namespace Pipeline.Faults.Letters;

/// <summary>The service does not serve one call of a step.</summary>
internal sealed class BusyPolicy : AsyncPolicy
{
    private int left;

    /// <summary>Fails one of the next calls.</summary>
    /// <param name="call">Its number, from 1; 0 for none.</param>
    public void FailAt(int call) => left = call;

    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        if (left > 0 && --left == 0)
            throw new RequestFailedException(503, "the server is busy", "ServerBusy", null);
        await next();
    }
}

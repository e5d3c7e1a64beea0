using System.Diagnostics.CodeAnalysis;
using Azure.Core;
using Azure.Core.Pipeline;

namespace Pipeline.Testing;

/// <summary>The process ends here: no step can catch it, and no client tries again.</summary>
[SuppressMessage("Design", "CA1032", Justification = "thrown in one place")]
internal sealed class CrashException(string text) : Exception(text);

/// <summary>
/// Ends the process at the <paramref name="at"/>th storage call, before it is sent or after it took effect;
/// later calls find it dead.
/// </summary>
internal sealed class CrashPolicy(int at, bool after) : AsyncPolicy
{
    private int calls;

    public int Calls => calls;

    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        var number = Interlocked.Increment(ref calls);
        if (number > at || (number == at && !after))
            throw new CrashException($"call {number}");
        await next();
        if (number == at)
            throw new CrashException($"after call {number}");
    }
}

/// <summary>Does something around the calls that <paramref name="wanted"/> picks.</summary>
internal sealed class AroundPolicy(
    Func<Request, bool> wanted,
    Func<Task>? before = null,
    Func<HttpMessage, Task>? after = null
) : AsyncPolicy
{
    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        var mine = wanted(message.Request);
        if (mine && before is not null)
            await before();
        await next();
        if (mine && after is not null)
            await after(message);
    }

    /// <summary>Whether a request is a transaction of a table.</summary>
    public static bool IsBatchOf(Request request, string table)
    {
        if (!request.Uri.Path.Contains("$batch", StringComparison.Ordinal) || request.Content is null)
            return false;
        using var copy = new MemoryStream();
        request.Content.WriteTo(copy, CancellationToken.None);
        var text = System.Text.Encoding.UTF8.GetString(copy.ToArray());
        // An insert names the table alone, every other operation the row in it.
        return text.Contains($"/{table}?", StringComparison.Ordinal)
            || text.Contains($"/{table}(", StringComparison.Ordinal);
    }
}

/// <summary>A policy for asynchronous calls; the pipeline makes no others.</summary>
internal abstract class AsyncPolicy : HttpPipelinePolicy
{
    public sealed override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        throw new NotSupportedException();

    public sealed override ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
        ProcessAsync(message, () => ProcessNextAsync(message, pipeline));

    protected abstract ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next);
}

/// <summary>
/// The answer of the first call of a kind is lost, and the client sends the call once more; something happens
/// in between.
/// </summary>
internal sealed class TwicePolicy(Func<Request, bool> wanted, Func<Task> between) : AsyncPolicy
{
    private bool done;

    protected override async ValueTask ProcessAsync(HttpMessage message, Func<ValueTask> next)
    {
        var lost = !done && wanted(message.Request);
        done |= lost;
        await next();
        if (!lost)
            return;
        await between();
        await next();
    }
}

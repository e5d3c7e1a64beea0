using System.Runtime.ExceptionServices;
using Microsoft.Azure.WebJobs.Host.Timers;
using Microsoft.Extensions.Hosting;

namespace Pipeline.Local.Listeners;

/// <summary>
/// Receives the errors of the listeners. The SDK's own handler throws each on a new thread, which ends the
/// process without any cleanup.
/// </summary>
internal sealed class ListenerFaults : IWebJobsExceptionHandlerFactory, IWebJobsExceptionHandler
{
    private readonly TaskCompletionSource<Exception> first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the first error.</summary>
    public Task<Exception> First => first.Task;

    /// <inheritdoc/>
    public IWebJobsExceptionHandler Create(IHost jobHost) => this;

    /// <inheritdoc/>
    public Task OnTimeoutExceptionAsync(ExceptionDispatchInfo exceptionInfo, TimeSpan timeoutGracePeriod) =>
        OnUnhandledExceptionAsync(exceptionInfo);

    /// <inheritdoc/>
    public Task OnUnhandledExceptionAsync(ExceptionDispatchInfo exceptionInfo)
    {
        first.TrySetResult(exceptionInfo.SourceException);
        return Task.CompletedTask;
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Indexing;
using Standin.Functions.Worker.Logging;
using Standin.Functions.Worker.Queues;

namespace Standin.Functions.Worker.Invocations;

/// <summary>
/// Runs functions: a service scope and an instance for each run, middleware around it, outputs after success. A run that is cancelled or out of time
/// has failed. Nothing is retried here.
/// </summary>
internal sealed class Invoker(
    IServiceProvider services, IEnumerable<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware, QueueOutputs outputs,
    TimeSpan? timeout, TimeProvider time, ILoggerFactory loggers, Action<string> fail)
{
    private static readonly ActivitySource Activities = new("Microsoft.Azure.Functions.Worker");
    private readonly FunctionExecutionDelegate pipeline = middleware.Reverse().Aggregate((FunctionExecutionDelegate)ExecuteAsync, (next, wrap) => wrap(next));
    private int running;

    /// <summary>Runs now in progress.</summary>
    public int Running => Volatile.Read(ref running);

    /// <summary>Runs a function to its end.</summary>
    /// <param name="entry">The function.</param>
    /// <param name="input">What triggered it.</param>
    /// <param name="cancellation">Cancels the run's token; the run itself ends when the function does.</param>
    /// <returns>Null after success, else why the run failed.</returns>
    public async Task<Exception?> RunAsync(FunctionEntry entry, TriggerInput input, CancellationToken cancellation)
    {
        Interlocked.Increment(ref running);
        try
        {
            if (timeout is not { } limit) return await RunScopedAsync(entry, input, cancellation);
            using var timer = new CancellationTokenSource(limit, time);
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation, timer.Token);
            var run = RunScopedAsync(entry, input, linked.Token);
            await await Task.WhenAny(run, ExpireAsync(timer.Token, run));
            if (!timer.IsCancellationRequested) return await run;
            var late = new TimeoutException($"Timeout value of {limit:c} exceeded by function '{entry.Name}'");
            loggers.CreateLogger($"Function.{entry.Name}").LogError(late, "Executed with error");
            // The host restarts a worker whose function outlives its cancelled token; a process can only end.
            if (!run.IsCompleted) fail($"function '{entry.Name}' still runs after its {limit:c} and {HostRules.FunctionTimeoutGrace.TotalSeconds:0} s of grace; make it observe its CancellationToken");
            return late;
        }
        finally
        {
            Interlocked.Decrement(ref running);
        }
    }

    private async Task ExpireAsync(CancellationToken expired, Task run)
    {
        using var ended = new CancellationTokenSource();
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = expired.Register(() => over.TrySetResult());
        if (await Task.WhenAny(over.Task, run) == run) return;
        await Task.WhenAny(Task.Delay(HostRules.FunctionTimeoutGrace, time, ended.Token), run);
        await ended.CancelAsync();
    }

    private async Task<Exception?> RunScopedAsync(FunctionEntry entry, TriggerInput input, CancellationToken cancellation)
    {
        await Task.Yield(); // a function that never awaits must not hold up the listener that started it
        using var activity = Activities.StartActivity($"function {entry.Name}", ActivityKind.Server);
        var logger = loggers.CreateLogger($"Function.{entry.Name}");
        var started = time.GetTimestamp();
        await using var scope = services.CreateAsyncScope();
        var context = new RunContext(entry, input, scope.ServiceProvider, activity, cancellation);
        activity?.SetTag("faas.invocation_id", context.InvocationId);
        using var named = logger.BeginScope(new FunctionScope(entry.Name, context.InvocationId));
        logger.LogInformation("Executing (Id={InvocationId})", context.InvocationId);
        try
        {
            input.Attach(context);
            await pipeline(context);
            await outputs.WriteAsync(entry, context.Result);
            await input.CompleteAsync(context);
            logger.LogInformation("Executed (Succeeded, Id={InvocationId}, Duration={Milliseconds:0}ms)", context.InvocationId, time.GetElapsedTime(started).TotalMilliseconds);
            return null;
        }
        catch (OperationCanceledException error) when (cancellation.IsCancellationRequested)
        {
            // A stop is no fault of the function; its message comes back all the same.
            logger.LogWarning("Executed (Cancelled, Id={InvocationId}, Duration={Milliseconds:0}ms)", context.InvocationId, time.GetElapsedTime(started).TotalMilliseconds);
            return error;
        }
        catch (Exception error)
        {
            activity?.SetStatus(ActivityStatusCode.Error, error.Message);
            logger.LogError(error, "Executed (Failed, Id={InvocationId}, Duration={Milliseconds:0}ms)", context.InvocationId, time.GetElapsedTime(started).TotalMilliseconds);
            return error;
        }
    }

    private static async Task ExecuteAsync(FunctionContext context)
    {
        var run = (RunContext)context;
        var method = run.Entry.Method;
        var arguments = method.GetParameters().Select(parameter => Argument(run, parameter)).ToArray();
        var instance = method.IsStatic ? null : ActivatorUtilities.CreateInstance(run.InstanceServices, method.DeclaringType!);
        try
        {
            var returned = method.Invoke(instance, BindingFlags.DoNotWrapExceptions, null, arguments, CultureInfo.InvariantCulture);
            run.Result = await ResultAsync(returned, method.ReturnType);
        }
        finally
        {
            if (instance is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
            else (instance as IDisposable)?.Dispose();
        }
    }

    private static object? Argument(RunContext run, ParameterInfo parameter)
    {
        if (parameter == run.Entry.Trigger.Parameter) return run.Input.Convert(parameter.ParameterType);
        if (parameter.ParameterType == typeof(FunctionContext)) return run;
        if (parameter.ParameterType == typeof(CancellationToken)) return run.CancellationToken;
        if (run.BindingContext.BindingData.TryGetValue(parameter.Name!, out var value)) return Simple(run, parameter, value);
        return parameter.HasDefaultValue ? parameter.DefaultValue : throw Unfit(run, parameter, "no value of that name");
    }

    private static object? Simple(RunContext run, ParameterInfo parameter, object? value)
    {
        var type = Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType;
        if (value is null || type.IsInstanceOfType(value)) return value;
        var text = System.Convert.ToString(value, CultureInfo.InvariantCulture)!;
        try
        {
            return System.ComponentModel.TypeDescriptor.GetConverter(type).ConvertFromInvariantString(text);
        }
        catch (Exception error) when (error is NotSupportedException or FormatException or ArgumentException)
        {
            throw Unfit(run, parameter, $"\"{text}\"");
        }
    }

    private static InvalidOperationException Unfit(RunContext run, ParameterInfo parameter, string seen) =>
        new($"function '{run.Entry.Name}', parameter '{parameter.Name}': seen {seen}, expected a {parameter.ParameterType.Name}");

    private static async Task<object?> ResultAsync(object? returned, Type declared)
    {
        if (returned is Task task)
        {
            await task;
            return declared.IsGenericType ? task.GetType().GetProperty(nameof(Task<>.Result))!.GetValue(task) : null;
        }
        if (returned is ValueTask plain)
        {
            await plain;
            return null;
        }
        if (returned is not null && declared.IsGenericType && declared.GetGenericTypeDefinition() == typeof(ValueTask<>))
            return await ResultAsync(declared.GetMethod(nameof(ValueTask<>.AsTask))!.Invoke(returned, null), typeof(Task<>).MakeGenericType(declared.GetGenericArguments()));
        return returned;
    }
}

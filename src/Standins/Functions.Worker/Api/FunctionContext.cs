namespace Microsoft.Azure.Functions.Worker;

/// <summary>One run of a function.</summary>
public abstract class FunctionContext
{
    /// <summary>Unique for every run.</summary>
    public abstract string InvocationId { get; }

    /// <summary>The function's id, stable over runs.</summary>
    public abstract string FunctionId { get; }

    /// <summary>Where the run stands in a distributed trace.</summary>
    public abstract TraceContext TraceContext { get; }

    /// <summary>What the trigger tells about the event.</summary>
    public abstract BindingContext BindingContext { get; }

    /// <summary>Null when no retry policy applies, although declared otherwise in the real package too.</summary>
    public abstract RetryContext RetryContext { get; }

    /// <summary>The services of this run's scope.</summary>
    public abstract IServiceProvider InstanceServices { get; set; }

    /// <summary>The function that runs.</summary>
    public abstract FunctionDefinition FunctionDefinition { get; }

    /// <summary>Shared by middleware and function during the run.</summary>
    public abstract IDictionary<object, object> Items { get; set; }

    /// <summary>Features of the run by type.</summary>
    public abstract IInvocationFeatures Features { get; }

    /// <summary>Cancelled when the host stops, the function's time is up, or the HTTP client is gone.</summary>
    public virtual CancellationToken CancellationToken { get; } = CancellationToken.None;
}

/// <summary>Features of a run by type.</summary>
public interface IInvocationFeatures : IEnumerable<KeyValuePair<Type, object>>
{
    /// <summary>Sets the feature of type <typeparamref name="T"/>.</summary>
    void Set<T>(T instance);

    /// <summary>The feature of type <typeparamref name="T"/>, or the default.</summary>
    T? Get<T>();
}

/// <summary>What the trigger tells about the event.</summary>
public abstract class BindingContext
{
    /// <summary>By name, e.g. <c>DequeueCount</c>, a top-level property of a JSON message, or a route value.</summary>
    public abstract IReadOnlyDictionary<string, object?> BindingData { get; }
}

/// <summary>The attempts of a run that is being retried.</summary>
public abstract class RetryContext
{
    /// <summary>The retry that is running.</summary>
    public abstract int RetryCount { get; }

    /// <summary>The retries there will be.</summary>
    public abstract int MaxRetryCount { get; }
}

/// <summary>Where a run stands in a distributed trace (W3C).</summary>
public abstract class TraceContext
{
    /// <summary>The traceparent header.</summary>
    public abstract string TraceParent { get; }

    /// <summary>The tracestate header.</summary>
    public abstract string TraceState { get; }
}

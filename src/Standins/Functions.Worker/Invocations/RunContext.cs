using System.Collections;
using System.Diagnostics;
using Microsoft.Azure.Functions.Worker;
using Standin.Functions.Worker.Indexing;

namespace Standin.Functions.Worker.Invocations;

/// <summary>One run of a function.</summary>
internal sealed class RunContext(FunctionEntry entry, TriggerInput input, IServiceProvider services, Activity? activity, CancellationToken cancellation) : FunctionContext
{
    public FunctionEntry Entry => entry;
    public TriggerInput Input => input;

    /// <summary>What the method returned.</summary>
    public object? Result { get; set; }

    public override string InvocationId { get; } = Guid.NewGuid().ToString();
    public override string FunctionId => entry.Definition.Id;
    public override TraceContext TraceContext { get; } = new Trace(activity);
    public override BindingContext BindingContext { get; } = new Data(input.BindingData);
    public override RetryContext RetryContext => null!; // no retry policy: the real package hands out null here too
    public override IServiceProvider InstanceServices { get; set; } = services;
    public override FunctionDefinition FunctionDefinition => entry.Definition;
    public override IDictionary<object, object> Items { get; set; } = new Dictionary<object, object>();
    public override IInvocationFeatures Features { get; } = new RunFeatures();
    public override CancellationToken CancellationToken => cancellation;

    private sealed class Data(IReadOnlyDictionary<string, object?> data) : BindingContext
    {
        public override IReadOnlyDictionary<string, object?> BindingData => data;
    }

    private sealed class Trace(Activity? activity) : TraceContext
    {
        public override string TraceParent => activity?.Id ?? "";
        public override string TraceState => activity?.TraceStateString ?? "";
    }

    private sealed class RunFeatures : IInvocationFeatures
    {
        private readonly Dictionary<Type, object> features = [];

        public T? Get<T>() => features.TryGetValue(typeof(T), out var feature) ? (T)feature : default;
        public void Set<T>(T instance) => features[typeof(T)] = instance!;
        public IEnumerator<KeyValuePair<Type, object>> GetEnumerator() => features.GetEnumerator();
        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

/// <summary>What a trigger hands to a run.</summary>
internal abstract class TriggerInput
{
    /// <summary>By name, ignoring case.</summary>
    public abstract IReadOnlyDictionary<string, object?> BindingData { get; }

    /// <summary>The value of the trigger's parameter.</summary>
    /// <exception cref="InvalidOperationException">The event does not fit the parameter's type; the run fails before the method is entered.</exception>
    public abstract object? Convert(Type type);

    /// <summary>Called when the run has its context and services.</summary>
    public virtual void Attach(RunContext context)
    {
    }

    /// <summary>Called after the outputs were written, while the run's services still live.</summary>
    public virtual Task CompleteAsync(RunContext context) => Task.CompletedTask;
}

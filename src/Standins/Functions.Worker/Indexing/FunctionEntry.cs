using System.Collections.Immutable;
using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Standin.Functions.Worker.Settings;
using Standin.Functions.Worker.Timers;

namespace Standin.Functions.Worker.Indexing;

/// <summary>A function that the host accepts.</summary>
internal sealed class FunctionEntry(string name, MethodInfo method, Trigger trigger, IReadOnlyList<QueueOutput> outputs, PropertyInfo? httpResult, bool disabled)
{
    public string Name => name;
    public MethodInfo Method => method;
    public Trigger Trigger => trigger;
    public IReadOnlyList<QueueOutput> Outputs => outputs;

    /// <summary>The property of the return value that is the HTTP response; null when the return value is.</summary>
    public PropertyInfo? HttpResult => httpResult;

    /// <summary>Switched off by the setting <c>AzureWebJobs.&lt;Name&gt;.Disabled</c>.</summary>
    public bool IsDisabled => disabled;
    public FunctionDefinition Definition { get; } = new Definition(name, method, trigger, outputs, httpResult);
}

/// <summary>What runs a function.</summary>
internal abstract record Trigger(ParameterInfo Parameter, string Kind);

internal sealed record TimerTrigger(ParameterInfo Parameter, string Text, Schedule Schedule, bool UseMonitor, bool RunOnStartup) : Trigger(Parameter, "timerTrigger");

internal sealed record QueueTrigger(ParameterInfo Parameter, string Queue, StorageAccount Account) : Trigger(Parameter, "queueTrigger")
{
    /// <summary>The poison queue's name; null when the queue is one itself or its name leaves no room.</summary>
    public string? Poison =>
        Queue.EndsWith(Hosting.HostRules.PoisonSuffix, StringComparison.Ordinal) || Queue.Length + Hosting.HostRules.PoisonSuffix.Length > Hosting.HostRules.QueueNameMaximum
            ? null
            : Queue + Hosting.HostRules.PoisonSuffix;
}

/// <param name="Parameter">The parameter.</param>
/// <param name="Route">The template below the prefix.</param>
/// <param name="Methods">Upper-case; empty means all.</param>
/// <param name="Level">The key a caller has to show.</param>
internal sealed record HttpTrigger(ParameterInfo Parameter, string Route, IReadOnlyList<string> Methods, AuthorizationLevel Level) : Trigger(Parameter, "httpTrigger");

/// <summary>A queue that a function's return value, or one property of it, goes to.</summary>
internal sealed record QueueOutput(PropertyInfo? Property, string Queue, StorageAccount Account);

internal sealed class Definition(string name, MethodInfo method, Trigger trigger, IReadOnlyList<QueueOutput> outputs, PropertyInfo? httpResult) : FunctionDefinition
{
    public override ImmutableArray<FunctionParameter> Parameters { get; } =
        [.. method.GetParameters().Select(parameter => new FunctionParameter(parameter.Name!, parameter.ParameterType))];

    public override string PathToAssembly => method.DeclaringType!.Assembly.Location;
    public override string EntryPoint => $"{method.DeclaringType!.FullName}.{method.Name}";
    public override string Id { get; } = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)))[..16];
    public override string Name => name;

    public override IImmutableDictionary<string, BindingMetadata> InputBindings { get; } = ImmutableDictionary<string, BindingMetadata>.Empty
        .Add(trigger.Parameter.Name!, new Binding(trigger.Parameter.Name!, trigger.Kind, BindingDirection.In));

    public override IImmutableDictionary<string, BindingMetadata> OutputBindings { get; } = outputs
        .Select(output => new Binding(output.Property?.Name ?? "$return", "queue", BindingDirection.Out))
        .Concat(trigger is HttpTrigger ? [new Binding(httpResult?.Name ?? "$return", "http", BindingDirection.Out)] : [])
        .DistinctBy(binding => binding.Name).ToImmutableDictionary(binding => binding.Name, BindingMetadata (binding) => binding);

    private sealed class Binding(string name, string type, BindingDirection direction) : BindingMetadata
    {
        public override string Name => name;
        public override string Type => type;
        public override BindingDirection Direction => direction;
    }
}

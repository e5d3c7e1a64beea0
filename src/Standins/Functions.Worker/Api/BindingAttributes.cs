namespace Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

/// <summary>What all trigger and output attributes have in common.</summary>
public abstract class BindingAttribute : Attribute;

/// <summary>Marks the parameter that a function is triggered by. A function has exactly one.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public abstract class TriggerBindingAttribute : BindingAttribute;

/// <summary>Marks a method (its return value) or a property of its return value as something the host writes after success.</summary>
[AttributeUsage(AttributeTargets.Method | AttributeTargets.Property)]
public abstract class OutputBindingAttribute : BindingAttribute;

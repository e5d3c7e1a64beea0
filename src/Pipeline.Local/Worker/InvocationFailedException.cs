namespace Pipeline.Local.Worker;

/// <summary>A function failed in the worker. The message is the function's own.</summary>
internal sealed class InvocationFailedException(string message) : Exception(message);

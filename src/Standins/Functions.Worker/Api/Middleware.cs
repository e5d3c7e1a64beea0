namespace Microsoft.Azure.Functions.Worker.Middleware;

/// <summary>The rest of a run.</summary>
/// <param name="context">The run.</param>
public delegate Task FunctionExecutionDelegate(FunctionContext context);

/// <summary>Code that wraps every run of every function.</summary>
public interface IFunctionsWorkerMiddleware
{
    /// <summary>Wraps one run; calls <paramref name="next"/> to go on.</summary>
    Task Invoke(FunctionContext context, FunctionExecutionDelegate next);
}

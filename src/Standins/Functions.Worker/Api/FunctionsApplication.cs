using Standin.Functions.Worker.Hosting;

namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>Where an isolated worker app starts.</summary>
public class FunctionsApplication
{
    /// <summary>
    /// A builder with settings, logging and the worker's defaults. Here it also reads the stand-in's command line and the local settings file;
    /// <c>--help</c> and a command line that cannot be understood end the process (exit 0 and 1).
    /// </summary>
    public static FunctionsApplicationBuilder CreateBuilder(string[] args) => new(HostSetup.ForProcess(args));
}

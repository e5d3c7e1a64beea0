using System.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Http;

namespace Microsoft.Azure.Functions.Worker.Builder;

/// <summary>Builds an isolated worker app: settings, services, logging, middleware.</summary>
public class FunctionsApplicationBuilder : IHostApplicationBuilder, IFunctionsWorkerApplicationBuilder
{
    private readonly HostApplicationBuilder inner;
    private readonly HostSetup setup;
    private readonly List<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> middleware = [];
    private bool built;
    private bool aspNetCore;

    internal FunctionsApplicationBuilder(HostSetup setup)
    {
        this.setup = setup;
        inner = setup.CreateInner();
    }

    /// <inheritdoc/>
    public IDictionary<object, object> Properties => ((IHostApplicationBuilder)inner).Properties;

    IConfigurationManager IHostApplicationBuilder.Configuration => Configuration;

    /// <summary>The app settings: environment variables, which the local settings file has filled up.</summary>
    public ConfigurationManager Configuration => inner.Configuration;

    /// <inheritdoc/>
    public IHostEnvironment Environment => inner.Environment;

    /// <inheritdoc/>
    public ILoggingBuilder Logging => inner.Logging;

    /// <inheritdoc/>
    public IMetricsBuilder Metrics => inner.Metrics;

    /// <summary>The app's services.</summary>
    public IServiceCollection Services => inner.Services;

    /// <inheritdoc/>
    public void ConfigureContainer<TContainerBuilder>(IServiceProviderFactory<TContainerBuilder> factory, Action<TContainerBuilder>? configure = null)
        where TContainerBuilder : notnull => inner.ConfigureContainer(factory, configure);

    /// <inheritdoc/>
    public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware)
    {
        if (built) throw new InvalidOperationException("The application has already been built.");
        this.middleware.Add(middleware);
        return this;
    }

    /// <summary>The app, ready to start. Nothing touches storage before it is started.</summary>
    /// <exception cref="InvalidOperationException">Built twice.</exception>
    public IHost Build()
    {
        if (built) throw new InvalidOperationException("The application has already been built.");
        built = true;
        return StandinHost.Build(inner, setup, middleware, aspNetCore);
    }

    internal void AddAspNetCore()
    {
        if (aspNetCore) return;
        aspNetCore = true;
        Services.AddMvcCore();
        Services.TryAddSingleton<IWebHostEnvironment, WebEnvironment>();
        var listener = new DiagnosticListener("Microsoft.AspNetCore");
        Services.TryAddSingleton(listener);
        Services.TryAddSingleton<DiagnosticSource>(listener);
    }
}

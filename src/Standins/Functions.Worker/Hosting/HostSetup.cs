using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Spectre.Console;
using Standin.Functions.Worker.Azurite;
using Standin.Functions.Worker.Logging;
using Standin.Functions.Worker.Settings;

namespace Standin.Functions.Worker.Hosting;

/// <summary>Everything that a host takes from its surroundings, so that tests can give it others.</summary>
internal sealed class HostSetup
{
    public CommandLine Asked { get; init; } = new();

    /// <summary>Where functions and the app's <see cref="IOnceRun"/> are looked for.</summary>
    public required IReadOnlyList<Type> Types { get; init; }
    public TimeProvider Time { get; init; } = TimeProvider.System;
    public Random Random { get; init; } = new();
    public TextWriter Out { get; init; } = TextWriter.Null;
    public TextWriter Error { get; init; } = TextWriter.Null;

    /// <summary>Null when the output is redirected: plain lines then.</summary>
    public IAnsiConsole? Terminal { get; init; }

    /// <summary>The whole settings; null means the process's environment.</summary>
    public IReadOnlyDictionary<string, string?>? Settings { get; init; }

    /// <summary>Where host.json is.</summary>
    public string AppFolder { get; init; } = AppContext.BaseDirectory;
    public AzuriteSetup Azurite { get; init; } = new();

    /// <summary>0 takes a free port.</summary>
    public int Port { get; init; } = HostRules.Port;
    public int Processors { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether signals stop the host.</summary>
    public bool Signals { get; init; }
    public Action<int> SetExitCode { get; init; } = _ => { };

    /// <summary>Where log lines go.</summary>
    public LogLines Log => field ??= new LogLines(Out, Error, Time, Asked);

    /// <summary>The setup of a real process.</summary>
    public static HostSetup ForProcess(string[] args)
    {
        var (asked, code) = CommandLine.Parse(args, Console.Out, Console.Error);
        if (asked is null) Environment.Exit(code);
        try
        {
            if (LocalSettings.Find(Environment.CurrentDirectory, AppContext.BaseDirectory) is { } file)
                LocalSettings.Apply(LocalSettings.Read(file), Environment.GetEnvironmentVariable, Environment.SetEnvironmentVariable);
        }
        catch (StartupException error)
        {
            foreach (var line in error.Lines) Console.Error.WriteLine(line);
            Environment.Exit(1);
        }
        return new HostSetup
        {
            Asked = asked!,
            Types = (Assembly.GetEntryAssembly() ?? throw new InvalidOperationException("the process has no entry assembly to look for functions in")).GetTypes(),
            Out = Console.Out,
            Error = Console.Error,
            Terminal = Console.IsOutputRedirected ? null : AnsiConsole.Console,
            Port = asked!.Port,
            Signals = true,
            SetExitCode = exitCode => Environment.ExitCode = exitCode,
        };
    }

    /// <summary>The builder of services and settings; its defaults are the worker's, except for the host's own log lines.</summary>
    public HostApplicationBuilder CreateInner()
    {
        var configuration = new ConfigurationManager();
        if (Settings is null) configuration.AddEnvironmentVariables();
        else configuration.AddInMemoryCollection(Settings.Select(pair => new KeyValuePair<string, string?>(pair.Key.Replace("__", ":", StringComparison.Ordinal), pair.Value)));
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings
        {
            DisableDefaults = true,
            Configuration = configuration,
            EnvironmentName = configuration["AZURE_FUNCTIONS_ENVIRONMENT"] is { Length: > 0 } name ? name : Environments.Development, // as Core Tools sets it
            ContentRootPath = AppFolder,
        });
        var validate = builder.Environment.IsDevelopment();
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateScopes = validate, ValidateOnBuild = validate }));
        builder.Logging.AddProvider(new LogLineProvider(Log));
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None); // a failed start is said once, by us
        if (Signals) builder.Services.Configure<ConsoleLifetimeOptions>(options => options.SuppressStatusMessages = true);
        else builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        return builder;
    }

    private sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

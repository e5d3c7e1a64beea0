using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Issues;

namespace Pipeline.Settings;

/// <summary>Settings as options: read once, checked at the start, all faults at once.</summary>
public static class SettingsServices
{
    /// <summary>Adds options that are read from the settings and checked when the program starts.</summary>
    /// <typeparam name="T">The options.</typeparam>
    /// <param name="services">The app's services.</param>
    /// <param name="configuration">The app settings; <c>__</c> in a name stands for a section.</param>
    /// <param name="read">Reads them; what is wrong is reported to the reader.</param>
    public static IServiceCollection AddSettings<T>(
        this IServiceCollection services,
        IConfiguration configuration,
        Func<IServiceProvider, SettingsReader, T> read
    )
        where T : class
    {
        services.AddOptions<T>().ValidateOnStart();
        return services.AddSingleton<IOptionsFactory<T>>(provider => new Factory<T>(configuration, reader =>
            read(provider, reader)
        ));
    }

    /// <summary>Checks all settings, as the host does when it starts.</summary>
    /// <param name="services">The app's services.</param>
    /// <returns>What is wrong, in the order of the settings; empty when nothing is.</returns>
    public static IReadOnlyList<Finding> CheckSettings(this IServiceProvider services)
    {
        try
        {
            services.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (SettingsException e)
        {
            return e.Findings;
        }
        catch (AggregateException e) when (e.InnerExceptions.All(inner => inner is SettingsException))
        {
            return [.. e.InnerExceptions.Cast<SettingsException>().SelectMany(inner => inner.Findings)];
        }
    }

    private sealed class Factory<T>(IConfiguration configuration, Func<SettingsReader, T> read) : IOptionsFactory<T>
        where T : class
    {
        public T Create(string name)
        {
            var reader = new SettingsReader(configuration);
            var options = read(reader);
            return reader.Findings.Count == 0 ? options : throw new SettingsException(typeof(T), reader.Findings);
        }
    }
}

/// <summary>Settings are missing, malformed or unknown.</summary>
/// <param name="options">The options that are read from them.</param>
/// <param name="findings">What is wrong.</param>
public sealed class SettingsException(Type options, IReadOnlyList<Finding> findings)
    : OptionsValidationException(Options.DefaultName, options, findings.Select(finding => finding.ToString()))
{
    /// <summary>What is wrong, in the order of the settings.</summary>
    public IReadOnlyList<Finding> Findings => findings;
}

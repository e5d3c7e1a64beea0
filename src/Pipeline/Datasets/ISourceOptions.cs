using Pipeline.Settings;

namespace Pipeline.Datasets;

/// <summary>The options of a source, which its datasets share.</summary>
/// <typeparam name="TSelf">The options.</typeparam>
public interface ISourceOptions<TSelf>
    where TSelf : class, ISourceOptions<TSelf>
{
    /// <summary>The settings that they are read from, with the name of the source.</summary>
    static abstract SourceSettings Settings { get; }

    /// <summary>Reads the settings; what is wrong is reported to the reader.</summary>
    static abstract TSelf Read(SettingsReader reader);

    /// <summary>How the source's server wants to be treated.</summary>
    Courtesy Courtesy { get; }
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;
using Pipeline.Settings;
using Pipeline.Sources;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Settings;

/// <summary>
/// The list of settings, which the README and the deployment follow, against what the program really asks
/// for.
/// </summary>
public sealed class SettingNamesTests
{
    [Theory]
    [InlineData("UseDevelopmentStorage=true")]
    [InlineData("")]
    public void Every_setting_that_is_read_is_on_the_list_and_every_one_on_the_list_is_read(string storage)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        var configuration = new Asked(
            new ConfigurationBuilder()
                .AddInMemoryCollection([
                    new(Names.Connection, storage),
                    new($"{Names.Connection}:blobServiceUri", "https://a.blob.core.windows.net"),
                ])
                .Build(),
            asked
        );
        AllSettings.Read(configuration, out _);
        StorageAccount.Open(configuration, Names.Connection, []);
        // Of a connection that is a section each part is a name of its own, below that of the connection. The sections
        // of the other settings are gone through for names that nothing reads.
        var sections = SourceServices.Settings.Select(source => source.Section).Append("Sources").Append("Report");
        var names = asked
            .Except(sections)
            .Select(key =>
                key.Split(':')[0] is Names.Connection or SettingNames.HostStorage
                    ? key.Split(':')[0]
                    : key.Replace(":", "__", StringComparison.Ordinal)
            )
            .Distinct();
        Assert.Equal(
            AllSettings.List.Select(setting => setting.Name).Order(StringComparer.Ordinal),
            names.Order(StringComparer.Ordinal)
        );
    }

    /// <summary>
    /// No code of the app gets at the environment behind the back of the settings; the local host is another
    /// program.
    /// </summary>
    [Fact]
    public void The_environment_is_read_through_the_settings_only()
    {
        var files = Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file =>
                !file.Contains("Pipeline.Local", StringComparison.Ordinal)
                && !file.Contains(
                    $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}",
                    StringComparison.Ordinal
                )
            )
            .ToList();
        Assert.True(files.Count > 100);
        Assert.DoesNotContain(files, file =>
            File.ReadAllText(file).Contains("GetEnvironmentVariable", StringComparison.Ordinal)
        );
    }

    private sealed class Asked(IConfiguration inner, HashSet<string> keys) : IConfiguration
    {
        public string? this[string key]
        {
            get
            {
                keys.Add(key);
                return inner[key];
            }
            set => throw new NotSupportedException();
        }

        public IConfigurationSection GetSection(string key)
        {
            keys.Add(key);
            return inner.GetSection(key);
        }

        public IEnumerable<IConfigurationSection> GetChildren() => throw new NotSupportedException();

        public IChangeToken GetReloadToken() => inner.GetReloadToken();
    }
}

using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Azure.Storage.Queues;
using Pipeline.Storage;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

public sealed class HostJsonTests : IDisposable
{
    private readonly JsonDocument host = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(Repository.Root, "src", "Pipeline.Functions", "host.json"))
    );

    public void Dispose() => host.Dispose();

    [Fact]
    public void Every_setting_of_queues_is_said_and_the_encoding_is_the_one_of_the_sender()
    {
        var queues = At("extensions", "queues");
        Assert.Equal(
            [
                "batchSize",
                "maxDequeueCount",
                "maxPollingInterval",
                "messageEncoding",
                "newBatchThreshold",
                "visibilityTimeout",
            ],
            queues.EnumerateObject().Select(setting => setting.Name).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            Names.Encoding == QueueMessageEncoding.Base64 ? "base64" : "none",
            queues.GetProperty("messageEncoding").GetString()
        );
        // A bare number would be days.
        foreach (var name in (string[])["visibilityTimeout", "maxPollingInterval"])
        {
            Assert.InRange(
                TimeSpan.ParseExact(
                    queues.GetProperty(name).GetString()!,
                    "hh\\:mm\\:ss",
                    CultureInfo.InvariantCulture
                ),
                TimeSpan.FromSeconds(1),
                TimeSpan.FromMinutes(1)
            );
        }
    }

    [Fact]
    public void Telemetry_is_OpenTelemetry_and_no_mode_of_it_leaves_out_a_failure()
    {
        Assert.Equal("OpenTelemetry", At("telemetryMode").GetString());
        // What stands there is of the other mode.
        Assert.False(At("logging").TryGetProperty("applicationInsights", out _));
        Assert.Matches(
            @"OTEL_TRACES_SAMPLER: 'microsoft\.fixed_percentage'\s+OTEL_TRACES_SAMPLER_ARG: '1'",
            BicepFile.Read("modules/functionApp.bicep").Text
        );
        Assert.Contains(
            "SamplingPercentage: 100",
            BicepFile.Read("modules/monitoring.bicep").Text,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("Function")]
    [InlineData("Host.Results")]
    [InlineData("Host.Triggers")]
    public void What_the_alerts_read_is_logged(string category)
    {
        var levels = At("logging", "logLevel")
            .EnumerateObject()
            .Where(level =>
                level.Name == "default"
                || category == level.Name
                || category.StartsWith(level.Name + ".", StringComparison.Ordinal)
            )
            .OrderByDescending(level => level.Name == "default" ? 0 : level.Name.Length);
        Assert.Equal("Information", levels.First().Value.GetString());
    }

    [Fact]
    public void The_README_explains_every_setting_of_the_file_and_no_other()
    {
        var readme = Regex.Match(
            File.ReadAllText(Path.Combine(Repository.Root, "README.md")),
            "### host\\.json\n(.*?)\n##",
            RegexOptions.Singleline
        );
        Assert.True(readme.Success, "README.md has no section host.json");
        var explained = Regex
            .Matches(readme.Groups[1].Value, @"^\| `([^`]+)` \| `([^`]+)` \| [^|\n]{10,} \|$", RegexOptions.Multiline)
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value, StringComparer.Ordinal);
        var said = Leaves(host.RootElement, "")
            .Where(leaf => leaf.Path != "version")
            .ToDictionary(leaf => leaf.Path, leaf => leaf.Value, StringComparer.Ordinal);
        Assert.Equal(
            said.OrderBy(leaf => leaf.Key, StringComparer.Ordinal),
            explained.OrderBy(row => row.Key, StringComparer.Ordinal)
        );
    }

    private JsonElement At(params string[] path) =>
        path.Aggregate(host.RootElement, (element, name) => element.GetProperty(name));

    private static IEnumerable<(string Path, string Value)> Leaves(JsonElement element, string path) =>
        element.ValueKind == JsonValueKind.Object
            ? element
                .EnumerateObject()
                .SelectMany(property =>
                    Leaves(property.Value, path.Length == 0 ? property.Name : $"{path}:{property.Name}")
                )
            : [(path, element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText())];
}

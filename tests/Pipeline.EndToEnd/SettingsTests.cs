using Pipeline.Testing;
using Xunit;

namespace Pipeline.EndToEnd;

/// <summary>
/// What the app says about settings and arguments that it cannot work with, and that it does nothing then.
/// </summary>
public sealed class SettingsTests(Azurite azurite)
{
    private const string KeyExample = "for example Census__ApiKey=0123456789abcdef0123456789abcdef01234567";

    /// <summary>Settings that replace the good ones, separated by a blank, and the whole of standard error.</summary>
    public static TheoryData<string, string> Bad =>
        new()
        {
            {
                "Sources__Mode=live Census__ApiKey=",
                $"Census__ApiKey: seen nothing, expected an API key, free at "
                    + $"https://api.census.gov/data/key_signup.html, because Sources__Mode is live; {KeyExample}"
            },
            {
                "CENSUS_SCHEDULE=daily",
                "CENSUS_SCHEDULE: seen \"daily\", expected six fields: second, minute, hour, day, month, day of the "
                    + "week; for example CENSUS_SCHEDULE=0 45 13 * * *"
            },
            {
                "Census__Levels=total,HS3",
                "Census__Levels: seen \"total,HS3\", expected any of total,HS2,HS4,HS6; for example "
                    + "Census__Levels=total,HS2"
            },
            {
                "Census__BaseUrl=http://api.census.gov/data",
                "Census__BaseUrl: seen \"http://api.census.gov/data\", expected an https address (http for loopback "
                    + "only); for example Census__BaseUrl=https://api.census.gov/data/timeseries/intltrade"
            },
            {
                "PipelineStorage=",
                "PipelineStorage: seen nothing, expected a storage connection string, or "
                    + "PipelineStorage__blobServiceUri, PipelineStorage__queueServiceUri and "
                    + "PipelineStorage__tableServiceUri; for local work set PipelineStorage=UseDevelopmentStorage=true"
            },
            {
                "AzureWebJobsStorage=garbage",
                "AzureWebJobsStorage: seen a text that is no connection string, expected "
                    + "DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net; "
                    + "for local work set AzureWebJobsStorage=UseDevelopmentStorage=true"
            },
            {
                "Sources__Mode=recorded",
                "Sources__Mode: seen \"recorded\", expected samples or live; for example Sources__Mode=live"
            },
            {
                "Sources__Mode=live Census__ApiKey=0 Census__Partners=Russia",
                "Census__Partners: seen \"Russia\", expected Schedule C codes of countries (four digits, 1 to 8 "
                    + "first), or *; for example Census__Partners=4621,5700"
            },
            {
                "Census__From=1992-13",
                "Census__From: seen \"1992-13\", expected a month from 1985-01 on, yyyy-MM; for example "
                    + "Census__From=1992-01"
            },
        };

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_bad_setting_is_said_in_one_line_and_nothing_is_touched(string changes, string line)
    {
        var connection = azurite.NewAccount();
        var settings = App.Settings(connection);
        foreach (var change in changes.Split(' '))
        {
            settings[change[..change.IndexOf('=', StringComparison.Ordinal)]] = change[
                (change.IndexOf('=', StringComparison.Ordinal) + 1)..
            ];
        }

        var ended = await App.RunAsync(settings, "--once");
        Assert.Equal(line + "\n", ended.Error);
        Assert.Empty(ended.Out);
        Assert.Equal(1, ended.ExitCode);
        Assert.Empty(await new Account(connection).NamesAsync());
    }

    [Fact]
    public async Task All_bad_settings_are_said_in_one_go_and_secrets_are_not_repeated()
    {
        var settings = App.Settings("AccountName=canary;AccountKey=no-base-64-canary");
        settings["CENSUS_SCHEDULE"] = "";
        settings["Census__ApiKey"] = "canary with blanks";
        settings["Census__Levels"] = "";
        var ended = await App.RunAsync(settings, "--once");
        Assert.Equal(1, ended.ExitCode);
        Assert.Equal(
            ["AzureWebJobsStorage", "PipelineStorage", "CENSUS_SCHEDULE", "Census__ApiKey", "Census__Levels"],
            ended.ErrorLines.Select(line => line[..line.IndexOf(':', StringComparison.Ordinal)])
        );
        Assert.DoesNotContain("canary", ended.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "--port 99999",
        "command line: --port: seen \"99999\", expected a whole number from 1 to 65535; see --help"
    )]
    [InlineData(
        "--twice",
        "command line: seen \"--twice\", expected --once [function …] [--force], --replay <slice> [--from raw|source] "
            + "[--accept], --list, --explain <figure>, --doctor, --port <number>, --no-azurite, --app <folder>, "
            + "--verbose, --json or --help"
    )]
    [InlineData("--once --list", "command line: seen --once and --list, expected one of them; see --help")]
    [InlineData("--once --replay a/b/c", "command line: seen --once and --replay, expected one of them; see --help")]
    [InlineData("--replay a/b/c --from bad", "command line: --from: seen \"bad\", expected raw or source; see --help")]
    [InlineData("--list --explain a/b/c", "command line: seen --list and --explain, expected one of them; see --help")]
    [InlineData("--accept", "command line: --from and --accept say how to --replay a slice; see --help")]
    [InlineData("--force", "command line: --force says that --once asks for every slice; see --help")]
    public async Task A_bad_argument_is_said_in_one_line(string arguments, string line)
    {
        var ended = await App.RunAsync(App.Settings("unused"), arguments.Split(' '));
        Assert.Equal(line + "\n", ended.Error);
        Assert.Equal(1, ended.ExitCode);
    }

    [Fact]
    public async Task Help_names_every_option_and_needs_no_settings()
    {
        var ended = await App.RunAsync(App.Settings(""), "--help");
        Assert.Equal(0, ended.ExitCode);
        Assert.Empty(ended.Error);
        Assert.All(
            (string[])
                [
                    "--once",
                    "--force",
                    "--replay",
                    "--from",
                    "--accept",
                    "--list",
                    "--explain",
                    "--doctor",
                    "--port",
                    "--no-azurite",
                    "--verbose",
                    "--json",
                    "7071",
                ],
            option => Assert.Contains(option, ended.Out, StringComparison.Ordinal)
        );
    }
}

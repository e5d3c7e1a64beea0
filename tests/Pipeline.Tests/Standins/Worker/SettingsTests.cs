using Microsoft.Extensions.Configuration;
using Standin.Functions.Worker.Azurite;
using Standin.Functions.Worker.Hosting;
using Standin.Functions.Worker.Settings;
using Xunit;

namespace Pipeline.Tests.Standins.Worker;

public sealed class SettingsTests : IDisposable
{
    private readonly string root = Directory.CreateTempSubdirectory("standin-settings").FullName;

    public void Dispose() => Directory.Delete(root, recursive: true);

    [Fact]
    public void The_environment_wins_over_the_local_settings_file()
    {
        var environment = new Dictionary<string, string> { ["A"] = "from the environment", ["B__C"] = "too" };
        LocalSettings.Apply([new("A", "file"), new("B:C", "file"), new("D__E", "file")], name => environment.GetValueOrDefault(name), (name, value) => environment[name] = value);
        Assert.Equal(new Dictionary<string, string> { ["A"] = "from the environment", ["B__C"] = "too", ["D__E"] = "file" }, environment);
    }

    [Fact]
    public void The_file_is_found_in_the_solution_above_and_the_template_only_when_there_is_none()
    {
        var deep = Directory.CreateDirectory(Path.Combine(root, "src", "App")).FullName;
        File.WriteAllText(Path.Combine(root, "some.sln"), "");
        Assert.Null(LocalSettings.Find(deep, deep));
        File.WriteAllText(Path.Combine(deep, "local.settings.sample.json"), "{}");
        Assert.Equal(Path.Combine(deep, "local.settings.sample.json"), LocalSettings.Find(deep, deep));
        File.WriteAllText(Path.Combine(root, "local.settings.json"), "{}");
        Assert.Equal(Path.Combine(root, "local.settings.json"), LocalSettings.Find(deep, deep));
    }

    [Fact]
    public void Folders_above_the_solution_are_not_searched_and_the_apps_own_folder_comes_second()
    {
        var solution = Directory.CreateDirectory(Path.Combine(root, "checkout")).FullName;
        var app = Directory.CreateDirectory(Path.Combine(solution, "app")).FullName;
        var elsewhere = Directory.CreateDirectory(Path.Combine(root, "elsewhere")).FullName;
        File.WriteAllText(Path.Combine(solution, "some.sln"), "");
        File.WriteAllText(Path.Combine(root, "local.settings.json"), "{}");
        Assert.Null(LocalSettings.Find(elsewhere, app));
        File.WriteAllText(Path.Combine(app, "local.settings.json"), "{}");
        Assert.Equal(Path.Combine(app, "local.settings.json"), LocalSettings.Find(elsewhere, app));
    }

    [Theory]
    [InlineData("{ \"Values\": { \"A\": [] } }", ", \"Values\", \"A\": seen an array, expected a text")]
    [InlineData("{ \"Values\": 1 }", ", \"Values\": seen a single value, expected an object of texts")]
    [InlineData("[]", ": seen an array, expected a JSON object with \"Values\"")]
    [InlineData("{\n nonsense", " line 2: not valid JSON, expected an object with \"Values\"; correct the file or delete it")]
    [InlineData("{ \"IsEncrypted\": true }", ": \"IsEncrypted\" is true, expected false; decrypt the file with 'func settings decrypt'")]
    public void A_bad_settings_file_is_named_with_what_is_wrong(string text, string message)
    {
        var file = Path.Combine(root, "local.settings.json");
        File.WriteAllText(file, text);
        Assert.Equal(file + message, Assert.Throws<StartupException>(() => LocalSettings.Read(file)).Message);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("%A%", "one")]
    [InlineData("x-%A%-%B%-y", "x-one-%A%-y")] // values are not expanded again
    [InlineData("%Section:Key%", "deep")]
    public void Settings_are_expanded_anywhere_in_a_text(string text, string expected)
    {
        Assert.True(Expansion.TryExpand(text, Configuration(("A", "one"), ("B", "%A%"), ("Section:Key", "deep")), out var expanded, out _));
        Assert.Equal(expected, expanded);
    }

    [Theory]
    [InlineData("%MISSING%", "'%MISSING%' does not resolve to a value.")]
    [InlineData("a%A%b%c", "The '%' at position 5 does not have a closing '%'; write %SETTING%.")]
    [InlineData("%%", "'%%' does not resolve to a value.")]
    public void What_cannot_be_expanded_gives_the_hosts_message(string text, string message)
    {
        Assert.False(Expansion.TryExpand(text, Configuration(("A", "one")), out _, out var error));
        Assert.Equal(message, error);
    }

    [Theory]
    [InlineData(null, "AzureWebJobsStorage")]
    [InlineData("", "AzureWebJobsStorage")]
    [InlineData("Own", "Own")]
    [InlineData("Other", "AzureWebJobsOther")]
    [InlineData("Named", "ConnectionStrings__Named")]
    [InlineData("Identity", "Identity")]
    [InlineData("User", "User")]
    public void A_connection_is_found_under_its_names_in_the_hosts_order(string? name, string setting)
    {
        const string Text = "UseDevelopmentStorage=true";
        var connections = new Connections(
            Configuration(("AzureWebJobsStorage", Text), ("Own", Text), ("AzureWebJobsOther", Text), ("Other", "ignored"), ("ConnectionStrings:Named", Text), ("Identity:accountName", "acc"),
                ("User:queueServiceUri", "https://acc.queue.core.windows.net"), ("User:credential", "managedidentity"), ("User:clientId", "8d4ad1e4-0000-0000-0000-000000000001")),
            AzuritePorts.Default);
        var account = connections.Find(name, out var error);
        Assert.Equal("", error);
        Assert.Equal(setting, account!.Setting);
        Assert.Same(account, connections.Find(name, out _));
    }

    [Fact]
    public void An_identity_connection_uses_each_services_own_address()
    {
        var account = new Connections(
            Configuration(("C:queueServiceUri", "https://q.example/"), ("C:blobServiceUri", "https://b.example/"), ("C:credential", "managedidentity")), AzuritePorts.Default).Find("C", out _)!;
        Assert.Equal(new Uri("https://q.example/"), account.Queues().Uri);
        Assert.Equal(new Uri("https://b.example/"), account.Blobs().Uri);
    }

    [Theory]
    [InlineData("Missing", "Storage account connection string 'AzureWebJobsMissing' does not exist. Make sure that it is a defined App Setting.")]
    [InlineData("Empty", "setting 'Empty' is empty, expected a connection string; set it, or remove it so that its identity form can be seen.")]
    [InlineData("Bad", "setting 'Bad' is not a storage connection string, expected Name=Value pairs joined by ';', e.g. UseDevelopmentStorage=true.")]
    [InlineData("NoKey", "setting 'NoKey' is not a storage connection string, expected AccountName and AccountKey, or endpoints and SharedAccessSignature.")]
    [InlineData("Half", "settings 'Half__…' name no storage account, expected 'Half__accountName', or 'Half__queueServiceUri' and 'Half__blobServiceUri'.")]
    [InlineData("Address", "setting 'Address__queueServiceUri': seen \"nowhere\", expected an address such as https://account.queue.core.windows.net.")]
    [InlineData("Kind", "setting 'Kind__credential': seen \"magic\", expected managedidentity or nothing (the default credential).")]
    public void A_connection_that_cannot_be_used_says_why(string name, string message)
    {
        var connections = new Connections(
            Configuration(("Empty", ""), ("Empty:accountName", "hidden"), ("Bad", "secret"), ("NoKey", "AccountName=a"), ("Half:credential", "managedidentity"), ("Address:queueServiceUri", "nowhere"),
                ("Kind:accountName", "a"), ("Kind:credential", "magic")), AzuritePorts.Default);
        Assert.Null(connections.Find(name, out var error));
        Assert.Equal(message, error);
    }

    [Fact]
    public void Host_json_has_the_hosts_defaults_and_settings_override_it()
    {
        var json = Read("""{ "version": "2.0" }""");
        Assert.Equal((16, 16, 5, TimeSpan.Zero, TimeSpan.FromMinutes(1), true, "api"), (json.BatchSize, json.NewBatchThreshold, json.MaxDequeueCount, json.VisibilityTimeout, json.MaxPollingInterval, json.Base64, json.RoutePrefix));
        var overridden = Read("""{ "version": "2.0", "extensions": { "queues": { "batchSize": 8 } } }""", ("AzureFunctionsJobHost:extensions:queues:batchSize", "3"), ("AzureFunctionsJobHost:extensions:http:routePrefix", ""));
        Assert.Equal((3, 2, ""), (overridden.BatchSize, overridden.NewBatchThreshold, overridden.RoutePrefix));
    }

    [Theory]
    [InlineData("{}", "host.json, version: missing, expected the text \"2.0\"; add \"version\": \"2.0\"")]
    [InlineData("{ \"version\": 2.0 }", "host.json, version: seen 2.0, expected the text \"2.0\"; correct it")]
    [InlineData("{ \"version\": ", "host.json line 1: not valid JSON; correct the file")]
    [InlineData("{ \"version\": \"2.0\", \"extensions\": { \"queues\": { \"batchSize\": 33 } } }", "host.json, extensions:queues:batchSize: seen \"33\", expected a whole number from 1 to 32; correct it")]
    [InlineData("{ \"version\": \"2.0\", \"extensions\": { \"queues\": { \"visibilityTimeout\": 10 } } }", "host.json, extensions:queues:visibilityTimeout: seen \"10\", which means days, expected hh:mm:ss of at least 00:00:00; correct it")]
    [InlineData("{ \"version\": \"2.0\", \"extensions\": { \"queues\": { \"messageEncoding\": \"utf8\" } } }", "host.json, extensions:queues:messageEncoding: seen \"utf8\", expected base64 or none; correct it")]
    public void A_bad_host_json_says_where_and_what(string text, string message) => Assert.Equal(message, Assert.Throws<StartupException>(() => Read(text)).Message);

    [Fact]
    public void Keys_that_the_host_does_not_know_are_warned_of()
    {
        var json = Read("""{ "version": "2.0", "logging": { "logLevel": { "default": "Warning" } }, "extensions": { "queues": { "batchsize": 1, "bachSize": 8 } } }""");
        Assert.Equal(["host.json, extensions:queues:bachSize: the host does not know this key and ignores it; correct or remove it"], json.Warnings);
        Assert.Empty(Read(File.ReadAllText(Path.Combine(Repository.Root, "src", "Pipeline.Functions", "host.json"))).Warnings);
    }

    private static HostJson Read(string text, params (string, string)[] settings) => HostJson.Read("host.json", text, Configuration(settings), development: false, once: false, processors: 2);

    private static IConfiguration Configuration(params (string Name, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => new KeyValuePair<string, string?>(setting.Name, setting.Value))).Build();
}

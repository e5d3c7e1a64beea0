using System.Diagnostics;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary><c>main.bicep</c> as Azure gets it: compiled by the Bicep CLI. Tests skip where there is none.</summary>
internal static class Template
{
    private static readonly Lazy<JsonElement> Compiled = new(Compile);

    /// <summary>The template of a whole subscription.</summary>
    public static JsonElement Main
    {
        get
        {
            Assert.SkipUnless(
                Cli is not null,
                "no Bicep CLI: set BICEP, put bicep on the PATH, or run infra/check.sh --fetch once"
            );
            return Compiled.Value;
        }
    }

    /// <summary>The values that main hands to a module, as text; a list or an object as JSON.</summary>
    public static string Argument(string module, string parameter) =>
        Text(
            Main.GetProperty("resources")
                .GetProperty(module)
                .GetProperty("properties")
                .GetProperty("parameters")
                .GetProperty(parameter)
                .GetProperty("value")
        );

    /// <summary>The template of a module of main.</summary>
    public static JsonElement Module(string name) =>
        Main.GetProperty("resources").GetProperty(name).GetProperty("properties").GetProperty("template");

    /// <summary>The resources of a template; they have names where the template has types of its own.</summary>
    public static IEnumerable<JsonElement> Resources(JsonElement template)
    {
        var resources = template.GetProperty("resources");
        return resources.ValueKind == JsonValueKind.Array
            ? resources.EnumerateArray()
            : resources.EnumerateObject().Select(resource => resource.Value);
    }

    /// <summary>The one resource of a type that a module makes.</summary>
    public static JsonElement Resource(string module, string type) =>
        Resources(Module(module))
            .Single(resource =>
                resource.GetProperty("type").GetString() == type && !resource.TryGetProperty("existing", out _)
            );

    /// <summary>What stands at a path of properties and places, such as <c>properties/rules/0/name</c>.</summary>
    public static string At(JsonElement element, string path) =>
        Text(
            path.Split('/')
                .Aggregate(element, (found, part) =>
                    found.ValueKind == JsonValueKind.Array
                        ? found[int.Parse(part, CultureInfo.InvariantCulture)]
                        : found.GetProperty(part)
                )
        );

    private static string Text(JsonElement element) =>
        element.ValueKind == JsonValueKind.String ? element.GetString()! : JsonSerializer.Serialize(element, Plain);

    private static readonly JsonSerializerOptions Plain = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static string? Cli { get; } = Find();

    private static string? Find()
    {
        var version = Regex
            .Match(
                File.ReadAllText(Path.Combine(BicepFile.Folder, "check.sh")),
                @"^version=(\S+)",
                RegexOptions.Multiline
            )
            .Groups[1]
            .Value;
        var cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } home
            ? home
            : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "", ".cache");
        string?[] places =
        [
            Environment.GetEnvironmentVariable("BICEP"),
            .. (Environment.GetEnvironmentVariable("PATH") ?? "")
                .Split(Path.PathSeparator)
                .Select(folder => Path.Combine(folder, "bicep")),
            Path.Combine(
                cache,
                "bicep-cli",
                version,
                "packages",
                "azure.bicep.commandline.linux-x64",
                version,
                "tools",
                "bicep"
            ),
        ];
        return places.FirstOrDefault(place => place is { Length: > 0 } && File.Exists(place));
    }

    private static JsonElement Compile()
    {
        using var process = Process.Start(
            new ProcessStartInfo(Cli!, ["build", Path.Combine(BicepFile.Folder, "main.bicep"), "--stdout"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        using var document = JsonDocument.Parse(output);
        return document.RootElement.Clone();
    }
}

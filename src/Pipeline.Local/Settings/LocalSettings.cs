using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Pipeline.Local.Settings;

/// <summary>
/// The local settings file, whose <c>Values</c> become environment variables unless these are set already. Looked for
/// from the current folder upwards to the one that holds a solution, then likewise from the app's own folder: first
/// <c>local.settings.json</c> everywhere, then the committed template.
/// </summary>
internal static class LocalSettings
{
    private static readonly string[] Names = ["local.settings.json", "local.settings.sample.json"];
    private static readonly JsonDocumentOptions Lenient = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>The settings of a run: the environment, and beneath it the local settings file.</summary>
    /// <exception cref="StartException">The file cannot be read as settings.</exception>
    public static IConfiguration Load()
    {
        if (Find(Environment.CurrentDirectory, AppContext.BaseDirectory) is { } file)
        {
            Apply(Read(file), Environment.GetEnvironmentVariable, Environment.SetEnvironmentVariable);
        }
        if (Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT") is null)
        {
            // With the checks that are on in Development, faults show here first.
            Environment.SetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
        }
        return new ConfigurationBuilder().AddEnvironmentVariables().Build();
    }

    /// <summary>The file that applies, or null when there is none.</summary>
    public static string? Find(string currentFolder, string appFolder)
    {
        var folders = Upwards(currentFolder).Concat(Upwards(appFolder)).ToList();
        return (
            from name in Names
            from folder in folders
            let file = Path.Combine(folder, name)
            where File.Exists(file)
            select file
        ).FirstOrDefault();
    }

    /// <summary>
    /// The folder and its parents up to the one that holds a solution; only the folder itself when none
    /// does.
    /// </summary>
    public static IReadOnlyList<string> Upwards(string folder)
    {
        var seen = new List<string>();
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            seen.Add(at.FullName);
            if (at.Exists && (at.EnumerateFiles("*.sln").Any() || at.EnumerateFiles("*.slnx").Any()))
                return seen;
        }
        return seen[..1];
    }

    /// <summary>The settings of a file.</summary>
    /// <exception cref="StartException">The file cannot be read as settings.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file), Lenient);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new StartException($"{file}: seen {Kind(root)}, expected a JSON object with \"Values\"");
            if (root.TryGetProperty("IsEncrypted", out var encrypted) && encrypted.ValueKind == JsonValueKind.True)
            {
                throw new StartException(
                    $"{file}: \"IsEncrypted\" is true, expected false; decrypt the file with 'func settings decrypt'"
                );
            }

            if (!root.TryGetProperty("Values", out var values))
                return [];
            if (values.ValueKind != JsonValueKind.Object)
                throw new StartException($"{file}, \"Values\": seen {Kind(values)}, expected an object of texts");
            return values
                .EnumerateObject()
                .Select(value => new KeyValuePair<string, string>(value.Name, Text(file, value)))
                .ToList();
        }
        catch (JsonException error)
        {
            throw new StartException(
                $"{file} line {error.LineNumber + 1}: not valid JSON, expected an object with \"Values\"; correct "
                    + "the file or delete it"
            );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StartException(
                $"{file}: cannot be read ({error.Message}); correct its permissions or move it away"
            );
        }
    }

    /// <summary>Sets each value that the environment lacks; the environment wins.</summary>
    public static void Apply(
        IEnumerable<KeyValuePair<string, string>> values,
        Func<string, string?> get,
        Action<string, string> set
    )
    {
        foreach (var (name, value) in values)
        {
            if (get(name) is null && get(name.Replace(":", "__", StringComparison.Ordinal)) is null)
                set(name.Replace(":", "__", StringComparison.Ordinal), value);
        }
    }

    private static string Text(string file, JsonProperty value) =>
        value.Value.ValueKind switch
        {
            JsonValueKind.String => value.Value.GetString()!,
            JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.Value.GetRawText(),
            _ => throw new StartException(
                $"{file}, \"Values\", \"{value.Name}\": seen {Kind(value.Value)}, expected a text"
            ),
        };

    private static string Kind(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.Null => "null",
            JsonValueKind.String => "a text",
            _ => "a single value",
        };
}

using System.Text.Json;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Functions.Tests.Infra;

/// <summary>Which npm packages a build, a local run and the tests fetch.</summary>
public sealed class NpmTests
{
    [Fact]
    public void A_build_fetches_the_chart_library_a_local_run_Azurite_besides_and_the_tests_everything()
    {
        using var package = JsonDocument.Parse(Read("package.json"));
        Assert.Equal(["uplot"], Packages("dependencies"));
        Assert.Equal(["azurite"], Packages("devDependencies"));
        Assert.Equal(
            ["@apidevtools/swagger-parser", "@azure/data-tables", "@kusto/language-service-next", "axe-core"],
            Packages("optionalDependencies")
        );
        Assert.Contains(
            "\"npm ci --omit=dev --omit=optional ",
            Read("src/Pipeline.Report/Pipeline.Report.csproj"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "[\"ci\", \"--omit=optional\", ",
            Read("src/Pipeline.Local/Azurite/NodeTools.cs"),
            StringComparison.Ordinal
        );

        IEnumerable<string> Packages(string kind) =>
            package.RootElement.GetProperty(kind).EnumerateObject().Select(entry => entry.Name);
    }

    /// <summary>
    /// npm skips an optional package without an error if its <c>engines</c> do not fit: Azurite and what it
    /// needs are none.
    /// </summary>
    [Fact]
    public void No_package_of_Azurite_is_left_out_silently()
    {
        using var file = JsonDocument.Parse(Read("package-lock.json"));
        var packages = file.RootElement.GetProperty("packages");
        Assert.Empty(
            packages
                .EnumerateObject()
                .Where(entry =>
                    entry.Value.TryGetProperty("dev", out _) && entry.Value.TryGetProperty("optional", out _)
                )
                .Select(entry => entry.Name)
        );
        Assert.False(packages.GetProperty("node_modules/azurite").TryGetProperty("optional", out _));
    }

    [Fact]
    public void The_lock_file_names_no_registry() =>
        Assert.DoesNotContain("\"resolved\"", Read("package-lock.json"), StringComparison.Ordinal);

    private static string Read(string path) => File.ReadAllText(Path.Combine(Repository.Root, path));
}

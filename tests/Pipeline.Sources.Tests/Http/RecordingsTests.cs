using Microsoft.Extensions.Time.Testing;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Http;
using Pipeline.Sources.Toy;
using Xunit;

namespace Pipeline.Sources.Tests.Http;

/// <summary>A source that has recordings of which none fits says so, instead of having nothing to do.</summary>
public sealed class RecordingsTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private readonly DirectoryInfo samples = Directory.CreateTempSubdirectory("samples-");

    public void Dispose() => samples.Delete(recursive: true);

    private static ToyRatesDataset Dataset { get; } = new(new ToyOptions(new Uri("https://bank.example/rates")));

    private Finding? Find(string[] requests, params IDataset[] datasets)
    {
        if (requests.Length > 0)
        {
            var folder = samples.CreateSubdirectory(ToyOptions.Source);
            var entries = requests.Select(request =>
                $$"""{ "request": "{{request}}", "status": 200, "file": "a.csv" }"""
            );
            File.WriteAllText(Path.Combine(folder.FullName, "answers.json"), $"[{string.Join(',', entries)}]");
        }
        using var catalog = Catalog(samples.FullName, datasets);
        return catalog.FindUselessRecordings(ToyOptions.Source, Now);
    }

    private static SourceCatalog Catalog(string? folder, params IDataset[] datasets) =>
        new(
            [new Source(ToyOptions.Source, Courtesy.Standard, datasets)],
            new SourceClientFactory(folder, new FakeTimeProvider(Now), new Random(1))
        );

    [Theory]
    [InlineData("no recording")]
    [InlineData("recordings of \"rate-2025.csv\"", "rate-2025.csv")]
    [InlineData("recordings of \"a\", \"b\", \"c\"", "a", "b", "c", "d")]
    public void Recordings_that_fit_no_slice_are_named_with_an_address_that_would(
        string seen,
        params string[] requests
    ) =>
        Assert.Equal(
            $"samples/toy-rates/answers.json: seen {seen}, expected the end of the address of a slice as request, for "
                + "example of https://bank.example/rates/rates-2020.csv (toy-rates/monthly-rates/2020); correct "
                + "request, or set Sources__Mode to live",
            Find(requests, Dataset)?.ToString()
        );

    [Fact]
    public void One_recording_that_fits_is_enough() => Assert.Null(Find(["rate-2024.csv", "rates-2025.csv"], Dataset));

    [Fact]
    public void A_source_without_slices_needs_no_recording() => Assert.Null(Find(["rate-2025.csv"]));

    [Fact]
    public void The_network_needs_no_recording()
    {
        using var catalog = Catalog(null, Dataset);
        Assert.Null(catalog.FindUselessRecordings(ToyOptions.Source, Now));
    }
}

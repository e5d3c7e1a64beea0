using System.Globalization;
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

    /// <summary>Two recordings of a request in the wrong order, and one of another request.</summary>
    private string TwoDays()
    {
        var folder = samples.CreateSubdirectory(ToyOptions.Source).FullName;
        File.WriteAllText(
            Path.Combine(folder, "answers.json"),
            """
            [
              { "request": "rates-2025.csv", "asOf": "2026-03-05", "status": 200, "file": "b.csv", "headers": {} },
              { "request": "rates-2024.csv", "asOf": "2025-01-02", "status": 200, "file": "c.csv", "headers": {} },
              { "request": "rates-2025.csv", "asOf": "2026-02-05", "status": 200, "file": "a.csv", "headers": {} }
            ]
            """
        );
        foreach (var name in (string[])["a", "b", "c"])
            File.WriteAllText(Path.Combine(folder, $"{name}.csv"), name);
        return folder;
    }

    [Fact]
    public void A_request_has_the_days_of_its_recordings_the_oldest_first()
    {
        using var answers = new SampleAnswers(TwoDays());
        Assert.Equal([Day(2026, 2, 5), Day(2026, 3, 5)], answers.Days(new Uri("https://bank.example/rates-2025.csv")));
        Assert.Empty(answers.Days(new Uri("https://bank.example/rates-2023.csv")));
        Assert.Equal([Day(2025, 1, 2), Day(2026, 2, 5), Day(2026, 3, 5)], answers.AllDays.Order());
    }

    [Theory]
    [InlineData("2026-01-01", "a")]
    [InlineData("2026-02-05", "a")]
    [InlineData("2026-03-04", "a")]
    [InlineData("2026-03-05", "b")]
    [InlineData(null, "b")]
    public async Task A_day_is_answered_by_the_newest_recording_up_to_it(string? day, string body)
    {
        using var http = new HttpClient(new SampleAnswers(TwoDays()));
        var request = new SourceRequest(new Uri("https://bank.example/rates/rates-2025.csv"), "csv", 100)
        {
            RecordedOn = day is null ? null : DateTimeOffset.Parse($"{day}T00:00:00Z", CultureInfo.InvariantCulture),
        };
        using var message = request.ToMessage();
        using var response = await http.SendAsync(message, TestContext.Current.CancellationToken);
        Assert.Equal(body, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("2026-02-05", "2026-02-05", "2026-02-05, 2026-02-05")]
    [InlineData("2026-02-05", null, "no day, 2026-02-05")]
    [InlineData(null, null, "no day, no day")]
    public void Recordings_of_one_request_must_differ_in_their_day(string? first, string? second, string seen)
    {
        var folder = samples.CreateSubdirectory(ToyOptions.Source).FullName;
        var entries = new[] { first, second }.Select(day =>
            """{ "request": "rates-2025.csv", "status": 200, "file": "a.csv" """
            + (day is null ? "}" : $", \"asOf\": \"{day}\" }}")
        );
        File.WriteAllText(Path.Combine(folder, "answers.json"), $"[{string.Join(',', entries)}]");
        var error = Assert.Throws<InvalidDataException>(() => new SampleAnswers(folder));
        Assert.Equal(
            $"samples/toy-rates/answers.json: seen recordings of \"rates-2025.csv\" with asOf {seen}, expected another "
                + "day for each; correct asOf, or remove the recordings that are not needed",
            error.Message
        );
    }

    private static DateTimeOffset Day(int year, int month, int day) => new(year, month, day, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_network_needs_no_recording()
    {
        using var catalog = Catalog(null, Dataset);
        Assert.Null(catalog.FindUselessRecordings(ToyOptions.Source, Now));
    }
}

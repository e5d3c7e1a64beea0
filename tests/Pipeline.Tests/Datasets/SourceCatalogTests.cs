using Microsoft.Extensions.Time.Testing;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Sources.Http;
using Xunit;

namespace Pipeline.Tests.Datasets;

public sealed class SourceCatalogTests
{
    private sealed class Ship : FactRow
    {
        public override void Describe<TSink>(ref TSink sink) { }
    }

    private sealed class Port : FactRow
    {
        public override void Describe<TSink>(ref TSink sink) { }
    }

    private sealed class Dataset(string source, string name, FactTable table, bool isOn) : IDataset
    {
        public DatasetInfo Info { get; } =
            new(source, name, "Title", "Publisher", table, "ships", "https://a.example", "free", "monthly")
            {
                MaximumAgeDays = null,
            };

        public bool IsOn => isOn;

        public string ExampleKey => "all";

        public IEnumerable<Slice> GetSlices(DateTimeOffset now) => [Info.SliceOf(ExampleKey)];

        public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) => null;

        public SourceRequest GetRequest(Slice slice) => new(new Uri(Info.Url), "csv", 1);

        public ValueTask<IRowParser> CreateParserAsync(
            Slice slice,
            BodyContext context,
            CancellationToken cancellationToken
        ) => throw new NotSupportedException();
    }

    private static SourceCatalog Make(params (string Source, string Name, FactTable Table, bool IsOn)[] datasets) =>
        new(
            datasets
                .GroupBy(dataset => dataset.Source)
                .Select(group => new Source(
                    group.Key,
                    Courtesy.Standard,
                    group.Select(dataset => new Dataset(dataset.Source, dataset.Name, dataset.Table, dataset.IsOn))
                )),
            new SourceClientFactory(null, new FakeTimeProvider(), new Random(1))
        );

    [Theory]
    [InlineData("lloyd", "arrivals", true)]
    [InlineData("port", "arrivals", true)]
    [InlineData("port", "Arrivals", false)]
    public void Two_datasets_must_not_put_rows_of_two_types_into_one_table(string source, string table, bool isOn)
    {
        var error = Assert.Throws<InvalidOperationException>(() =>
            Make(
                ("port", "monthly", new FactTable<Port>("arrivals"), true),
                (source, "yearly", new FactTable<Ship>(table), isOn)
            )
        );
        Assert.Equal(
            $"table {table}: seen rows of Port from port/monthly and rows of Ship from {source}/yearly, expected rows of "
                + "one type in a table; give one of the two FactTables another name",
            error.Message
        );
    }

    [Fact]
    public void Datasets_may_share_a_table_if_their_rows_are_of_one_type()
    {
        using var catalog = Make(
            ("port", "monthly", new FactTable<Port>("arrivals"), true),
            ("port", "yearly", new FactTable<Port>("arrivals"), true),
            ("lloyd", "ships", new FactTable<Ship>("ships"), true)
        );
        Assert.Equal(["port", "lloyd"], catalog.All.Select(source => source.Name));
    }
}

using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Loading;
using Pipeline.Slices;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Toy;

/// <summary>Bank of Example, reference rates in US dollars, monthly. One slice a year.</summary>
/// <param name="settings">The settings of the source.</param>
public sealed class ToyRatesDataset(ToyOptions settings) : IDataset
{
    private const int FirstYear = 2020;

    /// <summary>A year of all currencies has some 100 kB.</summary>
    private const long MaxBody = 4L << 20;

    /// <inheritdoc/>
    public DatasetInfo Info { get; } =
        new(
            ToyOptions.Source,
            "monthly-rates",
            "Reference rates of currencies in US dollars, monthly",
            "Bank of Example",
            ToyRate.Table,
            "US dollars for one unit of the currency",
            settings.BaseUrl.AbsoluteUri,
            "Free to use if the source is named.",
            "a new month in the first days of the next one; the last 12 months may be revised"
        )
        {
            MaximumAgeDays = 45,
        };

    /// <inheritdoc/>
    public string ExampleKey => "2025";

    /// <inheritdoc/>
    public bool IsKey(string key) =>
        int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var year)
        && year is >= FirstYear and < 2100;

    /// <inheritdoc/>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) =>
        Enumerable.Range(FirstYear, now.Year - FirstYear + 1).Select(year => Info.SliceOf($"{year}"));

    /// <inheritdoc/>
    public DateTimeOffset? GetNextDue(Slice slice, string? newest, DateTimeOffset now) =>
        YearOf(slice) == now.Year ? now.AddHours(20) : now.AddDays(30);

    /// <inheritdoc/>
    /// <remarks>The January of a year is out by the middle of February.</remarks>
    public DateTimeOffset? GetReleaseDate(Slice slice) =>
        new DateTimeOffset(YearOf(slice), 2, 15, 0, 0, 0, TimeSpan.Zero);

    /// <inheritdoc/>
    public SourceRequest GetRequest(Slice slice) =>
        new(new Uri($"{settings.BaseUrl.AbsoluteUri.TrimEnd('/')}/rates-{slice.Key}.csv"), "csv", MaxBody);

    /// <inheritdoc/>
    public ValueTask<IRowParser> CreateParserAsync(
        Slice slice,
        BodyContext context,
        CancellationToken cancellationToken
    ) => new(new Parser(YearOf(slice)));

    private static int YearOf(Slice slice) => int.Parse(slice.Key, CultureInfo.InvariantCulture);

    private sealed class Parser(int year) : CsvParser("month", "currency", "rate")
    {
        /// <summary>Ten times the median of the months around it is a slip of the decimal point.</summary>
        private static readonly FigurePolicy Believable = new() { Spikes = _ => new SpikeLimit(Floor: 0, Factor: 10) };

        public override FactTable Table => ToyRate.Table;

        public override SliceScope Scope { get; } = SliceScope.OfRows($"{year}-01", $"{year}-13");

        public override FigurePolicy Figures => Believable;

        public override bool InPolicy(FactRow row, DateTimeOffset vintage) =>
            ((ToyRate)row).PeriodStart > vintage.AddMonths(-13);

        protected override CsvOutcome Read(CsvLine line)
        {
            if (line.Month("month") is not { } month || month.Year != year)
                return line.Reject("month", $"a month of {year}, yyyy-MM");
            var currency = line["currency"];
            if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper))
                return line.Reject("currency", "an ISO 4217 code");
            var period = line["month"];
            if (line["rate"].Length == 0)
                return CsvLine.Miss(currency, period, "the publisher has no rate for this month");
            if (line.Number("rate") is not { } rate || rate <= 0)
                return line.Reject("rate", "a number above 0 with a decimal point");
            return CsvLine.Keep(
                new ToyRate
                {
                    PartitionKey = currency,
                    RowKey = period,
                    PeriodStart = new DateTimeOffset(month, TimeOnly.MinValue, TimeSpan.Zero),
                    Currency = currency,
                    Rate = (double)rate,
                    Basis = "monthly average",
                },
                period
            );
        }
    }
}

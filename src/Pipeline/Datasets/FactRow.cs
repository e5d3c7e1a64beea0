using System.Runtime.Serialization;
using Azure;
using Azure.Data.Tables;

namespace Pipeline.Datasets;

/// <summary>
/// A row of a fact table: keys, the columns that every fact table has, and the columns of its own. Every column is
/// written on every row, so that BI tools see the same schema everywhere.
/// </summary>
public abstract class FactRow : ITableEntity
{
    /// <summary>The version of the row's layout that this program writes.</summary>
    public const int CurrentSchema = 1;

    public string PartitionKey { get; set; } = "";
    public string RowKey { get; set; } = "";
    public DateTimeOffset? Timestamp { get; set; }
    public ETag ETag { get; set; }

    [Meaning("The source the row came from")]
    public string Source { get; set; } = "";

    [Meaning("The dataset inside the source")]
    public string Dataset { get; set; } = "";

    [Meaning("When the raw body that gave this value was fetched, UTC")]
    public DateTimeOffset Vintage { get; set; }

    [Meaning("Vintage of the body in which the row was first seen, UTC")]
    public DateTimeOffset FirstSeen { get; set; }

    [Meaning("Vintage of the body that last changed the row, UTC")]
    public DateTimeOffset LastChanged { get; set; }

    [Meaning("How often the row has changed; 0 = the first value")]
    public int Revision { get; set; }

    [Meaning("What the figure measures; figures of different bases must not be added or compared")]
    public string Basis { get; set; } = "";

    [Meaning("The blob in the container raw that holds the body")]
    public string RawBlob { get; set; } = "";

    [Meaning("The run that wrote the row")]
    public string RunId { get; set; } = "";

    [Meaning("A hash of the row's own columns, by which a re-load tells changed rows from unchanged ones")]
    public string RowHash { get; set; } = "";

    [Meaning("The layout version the row was written with")]
    public int SchemaVersion { get; set; } = CurrentSchema;

    /// <summary>Where the row stands in the body that it was just read from; no column of the table.</summary>
    [IgnoreDataMember]
    public BodyPlace Place { get; set; }

    internal double? Figure => GetFigure();

    internal IReadOnlyList<string> FigureColumns => GetFigureColumns();

    internal string SeriesName => GetSeriesName();

    /// <summary>
    /// True if a number of the row is missing: the row is stored without its column, and a merge would keep an older
    /// one.
    /// </summary>
    internal bool LacksColumn
    {
        get
        {
            var sink = new GapSink();
            Describe(ref sink);
            return sink.HasGap;
        }
    }

    /// <summary>The figure that the row is about; null when it has none.</summary>
    protected virtual double? GetFigure() => null;

    /// <summary>The columns that <see cref="GetFigure"/> is made of.</summary>
    protected virtual IReadOnlyList<string> GetFigureColumns() => [];

    /// <summary>What the row has in common with those of the same partition that are neighbours in time.</summary>
    protected virtual string GetSeriesName() =>
        RowKey.IndexOf('|', StringComparison.Ordinal) is >= 0 and var cut ? RowKey[(cut + 1)..] : "";

    /// <summary>Hands every column of the table's own to <paramref name="sink"/>, always in the same order.</summary>
    public abstract void Describe<TSink>(ref TSink sink)
        where TSink : struct, IColumnSink;

    /// <summary>Notes whether a number is missing; what the columns hold does not matter.</summary>
    private struct GapSink : IColumnSink
    {
        public bool HasGap { get; private set; }

        public void Add(string name, long? value) => HasGap |= value is null;

        public readonly void Add(string name, string value) { }

        public readonly void Add(string name, long value) { }

        public readonly void Add(string name, double value) { }

        public readonly void Add(string name, DateTimeOffset value) { }
    }
}

/// <summary>Receives the columns of a row one by one.</summary>
public interface IColumnSink
{
    void Add(string name, string value);
    void Add(string name, long value);
    void Add(string name, double value);
    void Add(string name, DateTimeOffset value);

    /// <summary>A number that the publisher may not have.</summary>
    void Add(string name, long? value);
}

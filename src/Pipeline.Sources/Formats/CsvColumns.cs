namespace Pipeline.Sources.Formats;

/// <summary>Where the columns of a CSV stand, by the names of its header.</summary>
internal sealed class CsvColumns
{
    private readonly List<string> names;

    private CsvColumns(List<string> names) => this.names = names;

    /// <summary>The names in their order.</summary>
    public IReadOnlyList<string> Names => names;

    /// <summary>Names that stand there more than once.</summary>
    public IReadOnlyList<string> Repeated =>
        [.. names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key)];

    /// <summary>The place of a column; -1 where there is none of that name.</summary>
    public int this[string name] => names.IndexOf(name);

    /// <summary>Reads a header row.</summary>
    /// <param name="header">The row.</param>
    /// <param name="normalise">Makes a name of a cell; null for the cell as it is.</param>
    public static CsvColumns Read(CsvRows header, Func<string, string>? normalise = null) =>
        new([
            .. Enumerable
                .Range(0, header.Count)
                .Select(index => normalise is null ? header.Text(index) : normalise(header.Text(index))),
        ]);

    /// <summary>The names that are not there.</summary>
    public IReadOnlyList<string> Missing(IEnumerable<string> required) => [.. required.Except(names)];

    /// <summary>The names that are there and not known.</summary>
    public IReadOnlyList<string> Unknown(IEnumerable<string> known) => [.. names.Except(known)];
}

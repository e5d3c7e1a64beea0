using Pipeline.Issues;
using Pipeline.Slices;

namespace Pipeline.Datasets;

/// <summary>A publisher: a server that wants to be treated in one way, and the datasets that come from it.</summary>
public sealed class Source
{
    private readonly Dictionary<string, IDataset> datasets;

    /// <param name="name">The name in slices, blob names and tables; lower-case letters, digits and hyphens.</param>
    /// <param name="courtesy">How its server wants to be treated.</param>
    /// <param name="datasets">What it publishes, in the order in which it is planned.</param>
    public Source(string name, Courtesy courtesy, IEnumerable<IDataset> datasets)
    {
        (Name, Courtesy) = (name, courtesy);
        this.datasets = datasets.ToDictionary(dataset => dataset.Info.Name, StringComparer.Ordinal);
    }

    /// <summary>The name in slices, blob names and tables.</summary>
    public string Name { get; }

    /// <summary>How its server wants to be treated.</summary>
    public Courtesy Courtesy { get; }

    /// <summary>The datasets, also those that the settings switch off.</summary>
    public IEnumerable<IDataset> All => datasets.Values;

    /// <summary>The datasets that the settings ask for.</summary>
    public IEnumerable<IDataset> Datasets => datasets.Values.Where(dataset => dataset.IsOn);

    /// <summary>All datasets, also those that the settings have switched off.</summary>
    public IEnumerable<IDataset> AllDatasets => datasets.Values;

    /// <summary>
    /// The slices that exist at a moment, in the order they are best pulled: the datasets take turns, so that none
    /// waits for all of another.
    /// </summary>
    public IEnumerable<Slice> GetSlices(DateTimeOffset now) =>
        Datasets
            .SelectMany(dataset => dataset.GetSlices(now).Select((slice, turn) => (Slice: slice, Turn: turn)))
            .OrderBy(pair => pair.Turn)
            .Select(pair => pair.Slice);

    /// <summary>The dataset of a slice, also when the settings have switched it off; null when there is none.</summary>
    public IDataset? Find(Slice slice) =>
        slice.Source == Name && datasets.TryGetValue(slice.Dataset, out var dataset) && dataset.IsKey(slice.Key)
            ? dataset
            : null;

    /// <summary>The dataset of a slice, also when the settings have switched it off.</summary>
    /// <exception cref="FormatException">There is no such slice: a message was written by hand, or by another version
    /// of the program.</exception>
    public IDataset Of(Slice slice)
    {
        if (Find(slice) is { } dataset)
            return dataset;
        var expected = datasets.TryGetValue(slice.Dataset, out var named)
            ? $"a slice such as {slice.Dataset}/{named.ExampleKey}"
            : $"a dataset of {Name}: {string.Join(", ", datasets.Keys)}";
        throw new FormatException(
            new Finding(
                $"slice {slice}",
                Finding.Quote($"{slice.Dataset}/{slice.Key}"),
                expected,
                "the message moves to the poison queue; send it again with a slice of the table slices"
            ).ToString()
        );
    }
}

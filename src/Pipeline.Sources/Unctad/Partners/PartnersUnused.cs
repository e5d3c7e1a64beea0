using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>Rows of the file by partner that could not be used, by the year and series they belong to.</summary>
internal sealed class PartnersUnused
{
    private readonly Dictionary<PartnersPlace, UnusedRows> placed = [];
    private readonly UnusedRows unplaced = new();

    /// <summary>Notes a row.</summary>
    /// <param name="place">Its year and series; null when they cannot be read.</param>
    /// <param name="dollars">Its own figure; null when it cannot be read.</param>
    public void Add(PartnersPlace? place, long? dollars)
    {
        if (place is null)
        {
            unplaced.Add(dollars, null);
            return;
        }
        if (!placed.TryGetValue(place, out var rows))
            placed.Add(place, rows = new UnusedRows());
        rows.Add(dollars, null);
    }

    /// <summary>The rows that a sum of a year and series may lack.</summary>
    public UnusedRows Of(PartnersPlace place) => unplaced.With(placed.GetValueOrDefault(place));
}

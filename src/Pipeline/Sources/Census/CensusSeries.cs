namespace Pipeline.Sources.Census;

/// <summary>
/// The months of every series, a partner's trade in a commodity, that a body has. They are found by the numbers of the two and kept in pieces that never
/// move: neither takes a hash, and growing copies nothing.
/// </summary>
internal sealed class CensusSeries(int months)
{
    /// <summary>Series in a piece.</summary>
    private const int Piece = 256;

    /// <summary>For each commodity the places of its series by partner, counted from 1; 0 = none.</summary>
    private readonly List<int[]?> places = [];
    private readonly List<(State[] States, (long Value, long YearToDate)[] Values)> pieces = [];
    private readonly List<string> partners = [], commodities = [];

    /// <summary>What is known of a series beside its figures.</summary>
    internal struct State
    {
        /// <summary>The partner's number.</summary>
        public int Partner;

        /// <summary>The commodity's number.</summary>
        public int Commodity;

        /// <summary>A bit for each month that has a figure.</summary>
        public ushort Months;

        /// <summary>Two rows contradict each other.</summary>
        public bool Uncertain;
    }

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The series of a partner and a commodity, a new one if there was none.</summary>
    /// <param name="partner">The partner.</param>
    /// <param name="commodity">The commodity.</param>
    /// <param name="values">Its figures by month.</param>
    public ref State Of(CensusRowKeys.PartnerKey partner, CensusRowKeys.Commodity commodity, out Span<(long Value, long YearToDate)> values)
    {
        while (places.Count <= commodity.Number) places.Add(null);
        var ofCommodity = places[commodity.Number] ??= new int[Room(partner.Number)];
        if (ofCommodity.Length <= partner.Number)
        {
            Array.Resize(ref ofCommodity, Room(partner.Number));
            places[commodity.Number] = ofCommodity;
        }
        ref var place = ref ofCommodity[partner.Number];
        if (place > 0) return ref At(place - 1, out values);
        if (Count % Piece == 0) pieces.Add((new State[Piece], new (long, long)[Piece * months]));
        place = ++Count;
        ref var state = ref At(place - 1, out values);
        (state.Partner, state.Commodity) = (partner.Number, commodity.Number);
        Name(partners, partner.Number, partner.Code);
        Name(commodities, commodity.Number, commodity.Code);
        return ref state;
    }

    /// <summary>A series by its place, from 0, in the order of their first rows.</summary>
    public ref State At(int index, out Span<(long Value, long YearToDate)> values)
    {
        var (states, figures) = pieces[index / Piece];
        values = figures.AsSpan(index % Piece * months, months);
        return ref states[index % Piece];
    }

    public string PartnerOf(State state) => partners[state.Partner];

    public string CommodityOf(State state) => commodities[state.Commodity];

    private static int Room(int number) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)number + 16);

    private static void Name(List<string> names, int number, string name)
    {
        while (names.Count <= number) names.Add("");
        names[number] = name;
    }
}

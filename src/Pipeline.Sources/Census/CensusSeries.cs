namespace Pipeline.Sources.Census;

/// <summary>
/// The months of every series, a partner's trade in a commodity, that a body has. They are found by the numbers of the
/// two and kept in pieces that never move: neither takes a hash, and growing copies nothing. Figures that fit into 32
/// bits, which nearly all do, take no more.
/// </summary>
/// <param name="months">Months whose figures are kept; 0 for none.</param>
internal sealed class CensusSeries(int months)
{
    /// <summary>Series in a piece.</summary>
    private const int Piece = 256;

    /// <summary>For each commodity the places of its series by partner, counted from 1; 0 = none.</summary>
    private readonly List<int[]?> places = [];
    private readonly List<(State[] States, (uint Value, uint YearToDate)[] Values)> pieces = [];

    /// <summary>Figures of which one is larger, by series and month.</summary>
    private readonly Dictionary<(int Series, int Position), (long Value, long YearToDate)> large = [];

    /// <summary>Stands for a figure that is in <see cref="large"/>.</summary>
    private static readonly (uint, uint) Large = (uint.MaxValue, uint.MaxValue);

    private readonly List<string> partners = [],
        commodities = [];

    /// <summary>What is known of a series beside its figures.</summary>
    internal struct State
    {
        /// <summary>What the months add up to so far. Twelve times eighteen digits fit.</summary>
        public long Sum;

        /// <summary>The commodity's number.</summary>
        public int Commodity;

        /// <summary>The partner's number. Codes have four digits.</summary>
        public ushort Partner;

        private ushort months,
            without,
            lacking;

        /// <summary>A bit for each month since the last year to date that has no figure.</summary>
        public ushort Open;

        /// <summary>True if a month since the last year to date has no figure.</summary>
        public readonly bool HasGap => Open != 0;

        /// <summary>A bit for each month that has a figure.</summary>
        public readonly int Months => months;

        /// <summary>A bit for each month whose row has no figure that can be read.</summary>
        public readonly int Lacking => lacking;

        /// <summary>True if the figure of a month has no year to date beside it.</summary>
        public readonly bool IsWithoutYearToDate(int position) => (without & 1 << position) != 0;

        /// <summary>Counts a month as one that has a figure.</summary>
        public void Add(int position, bool hasYearToDate)
        {
            months |= (ushort)(1 << position);
            if (!hasYearToDate)
                without |= (ushort)(1 << position);
        }

        /// <summary>Counts a month as one whose row has no figure.</summary>
        public void AddLacking(int position) => lacking |= (ushort)(1 << position);
    }

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// The place, from 0, of the series of a partner and a commodity, a new one if there was none. Places are
    /// in the order of the first rows.
    /// </summary>
    public int PlaceOf(CensusRowKeys.PartnerKey partner, CensusRowKeys.Commodity commodity)
    {
        while (places.Count <= commodity.Number)
            places.Add(null);
        // Room for all partners met so far: most commodities are traded with most of them, and growing leaves the old
        // room behind.
        var ofCommodity = places[commodity.Number] ??= new int[Room(Math.Max(partner.Number, partners.Count))];
        if (ofCommodity.Length <= partner.Number)
        {
            Array.Resize(ref ofCommodity, Room(partner.Number));
            places[commodity.Number] = ofCommodity;
        }
        ref var place = ref ofCommodity[partner.Number];
        if (place > 0)
            return place - 1;
        if (Count % Piece == 0)
            pieces.Add((new State[Piece], new (uint, uint)[Piece * months]));
        place = ++Count;
        ref var state = ref At(place - 1);
        (state.Partner, state.Commodity) = ((ushort)partner.Number, commodity.Number);
        Name(partners, partner.Number, partner.Code);
        Name(commodities, commodity.Number, commodity.Code);
        return place - 1;
    }

    /// <summary>A series by its place.</summary>
    public ref State At(int place) => ref pieces[place / Piece].States[place % Piece];

    /// <summary>A month's figures.</summary>
    public (long Value, long YearToDate) Figures(int place, int position)
    {
        var figures = pieces[place / Piece].Values[place % Piece * months + position];
        return figures == Large ? large[(place, position)] : figures;
    }

    /// <summary>Sets a month's figures. Neither is negative.</summary>
    public void Set(int place, int position, long value, long yearToDate)
    {
        var isLarge = value >= uint.MaxValue || yearToDate >= uint.MaxValue;
        if (isLarge)
            large[(place, position)] = (value, yearToDate);
        pieces[place / Piece].Values[place % Piece * months + position] = isLarge
            ? Large
            : ((uint)value, (uint)yearToDate);
    }

    public string PartnerOf(State state) => partners[state.Partner];

    public string CommodityOf(State state) => commodities[state.Commodity];

    private static int Room(int number) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)number + 16);

    private static void Name(List<string> names, int number, string name)
    {
        while (names.Count <= number)
            names.Add("");
        names[number] = name;
    }
}

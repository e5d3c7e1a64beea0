using System.Numerics;

namespace Pipeline.Sources.Census.Trade;

/// <summary>
/// The figures of every series, a partner's trade in a commodity, that a body has. They are found by the numbers of the
/// two and kept in pieces that never move: neither takes a hash, and growing copies nothing. A figure takes 16 bytes, a
/// series as many, whatever its number of months.
/// </summary>
internal sealed class CensusSeries
{
    /// <summary>For each commodity the places of its series by partner, counted from 1; 0 = none.</summary>
    private readonly List<int[]?> places = [];
    private readonly Pieces<Series> series = new();
    private readonly Pieces<Figure> figures = new();

    /// <summary>Figures that do not fit into 32 bits, by their index.</summary>
    private readonly Dictionary<int, (long Value, long? YearToDate)> large = [];

    private readonly List<string> partners = [],
        commodities = [];

    private struct Series
    {
        /// <summary>The commodity's number.</summary>
        public int Commodity;

        /// <summary>The index of its last figure; -1 for none.</summary>
        public int Last;

        /// <summary>The partner's number. Codes have four digits.</summary>
        public ushort Partner;

        /// <summary>A bit for each month that has a figure.</summary>
        public ushort Months;
    }

    private struct Figure
    {
        public uint Value,
            YearToDate;

        /// <summary>The index of the figure of the same series before it; -1 for none.</summary>
        public int Before;
        public byte Position;
        public bool HasYearToDate,
            IsLarge;
    }

    /// <summary>A list that grows without moving what it holds.</summary>
    private sealed class Pieces<T>
    {
        private const int Size = 4096;
        private readonly List<T[]> pieces = [];

        public int Count { get; private set; }

        public ref T this[int index] => ref pieces[index / Size][index % Size];

        public int Add(T item)
        {
            if (Count % Size == 0)
                pieces.Add(new T[Size]);
            this[Count] = item;
            return Count++;
        }
    }

    /// <summary>How many there are.</summary>
    public int Count => series.Count;

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
        place =
            series.Add(
                new Series
                {
                    Commodity = commodity.Number,
                    Partner = (ushort)partner.Number,
                    Last = -1,
                }
            ) + 1;
        Name(partners, partner.Number, partner.Code);
        Name(commodities, commodity.Number, commodity.Code);
        return place - 1;
    }

    /// <summary>A month's figures; null when it has none.</summary>
    public (long Value, long? YearToDate)? Find(int place, int position)
    {
        if ((series[place].Months & 1 << position) == 0)
            return null;
        var index = series[place].Last;
        while (figures[index].Position != position)
            index = figures[index].Before;
        return At(index);
    }

    /// <summary>Adds the figures of a month that has none. Neither is negative.</summary>
    public void Add(int place, int position, long value, long? yearToDate)
    {
        ref var own = ref series[place];
        var isLarge = value > uint.MaxValue || yearToDate > uint.MaxValue;
        if (isLarge)
            large.Add(figures.Count, (value, yearToDate));
        own.Last = figures.Add(
            new Figure
            {
                Value = isLarge ? 0 : (uint)value,
                YearToDate = isLarge ? 0 : (uint)(yearToDate ?? 0),
                Before = own.Last,
                Position = (byte)position,
                HasYearToDate = yearToDate is not null,
                IsLarge = isLarge,
            }
        );
        own.Months |= (ushort)(1 << position);
    }

    /// <summary>Fills in the figures of all months of a series; null for months without any.</summary>
    public void Read(int place, Span<(long Value, long? YearToDate)?> months)
    {
        months.Clear();
        for (var index = series[place].Last; index >= 0; index = figures[index].Before)
            months[figures[index].Position] = At(index);
    }

    /// <summary>The number of a series' commodity.</summary>
    public int CommodityNumberOf(int place) => series[place].Commodity;

    public string PartnerOf(int place) => partners[series[place].Partner];

    public string CommodityOf(int place) => commodities[series[place].Commodity];

    private (long Value, long? YearToDate) At(int index)
    {
        ref var figure = ref figures[index];
        return figure.IsLarge ? large[index] : (figure.Value, figure.HasYearToDate ? figure.YearToDate : null);
    }

    private static int Room(int number) => (int)BitOperations.RoundUpToPowerOf2((uint)number + 16);

    private static void Name(List<string> names, int number, string name)
    {
        while (names.Count <= number)
            names.Add("");
        names[number] = name;
    }
}

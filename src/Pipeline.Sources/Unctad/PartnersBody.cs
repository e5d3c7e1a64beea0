using System.Globalization;
using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad;

/// <summary>
/// Reads the file by partner. Places are computed from the values, so that the rows are kept until the last one is
/// read; a file that people maintain is small.
/// </summary>
/// <param name="lastYear">The year in which the file was fetched: no figure is of a later one.</param>
/// <param name="fileName">The name of the file in the container <c>curated</c>.</param>
internal sealed class PartnersBody(int lastYear = FdiRowKeys.LastYear, string fileName = "fdi-partners.csv")
    : ISliceReader
{
    private const string Kept = "kept in rejects; put the row right and drop the file again";
    private const string OldStays = "the table keeps the old rows; put the file right and drop it again";
    private const string AcceptOr = $"{OldStays}, or replay the slice with accept if the figures are right";

    /// <summary>The bilateral statistics of one economy have 1,751 rows.</summary>
    private const int MaxRows = 200_000;

    private const int FewestRanked = 2;

    /// <summary>
    /// A file with a larger share of rejected rows than this has another layout than the reader knows.
    /// </summary>
    private const double MaxRejected = 0.05;

    /// <summary>
    /// Rows without a known code may be many, because regions stand in such files; with more than this nothing is
    /// known.
    /// </summary>
    private const double MaxCodeless = 0.5;

    /// <inheritdoc/>
    public FactTable Table => FdiPartner.Table;

    /// <inheritdoc/>
    public SliceScope Scope { get; } =
        new(
            TableClient.CreateQueryFilter($"Dataset eq {UnctadSlice.Partners}"),
            ("", "~"),
            (_, _) => true,
            Coverage.ByHand
        );

    /// <inheritdoc/>
    /// <remarks>
    /// Of the 1,751 figures of Russia's bilateral statistics none is above 100 times the median of its neighbours with
    /// a median of at least 100 million. That covers 47 % of them.
    /// </remarks>
    public FigurePolicy? Figures { get; } =
        new()
        {
            Spikes = _ => Limit,
            Whole = Whole,
            Periods = new PeriodLimits(
                $"{FirstYear}",
                $"{lastYear}",
                "the first year of the publisher's statistics",
                "when the file was fetched"
            ),
        };

    private static readonly SpikeLimit Limit = new(100_000_000, 100);

    /// <summary>
    /// Partners add up to the host's total of the other dataset. The two are of different vintages and principles, so
    /// that only a slip of a unit shows.
    /// </summary>
    private static readonly WholeLimit Whole = new(
        FdiAnnual.Table,
        row =>
            row is FdiPartner { Measure: UnctadSlice.Stock } partner
                ? ($"{partner.HostCode}|{partner.Direction}|{partner.Measure}", $"{partner.Year:0000}")
                : null,
        WholeFloor,
        WholeFactor,
        ManyPartners
    );

    /// <summary>
    /// Stocks only: totals of flows are net, and may be far smaller than what they are the sum of. The factor is half
    /// of a slip of a thousand, on the scale of factors.
    /// </summary>
    private const double WholeFloor = 1_000_000_000,
        WholeFactor = 30;

    /// <summary>So many partners with a figure are nearly all that a host has.</summary>
    private const int ManyPartners = 50;

    /// <summary>
    /// What so many partners have together at the least, in US dollars and without signs. Source: the bilateral
    /// statistics of Russia, where the least is 36 billion (inward flows of 2009) of 55 to 88 partners with a figure.
    /// A small host may have less: an operator can say so.
    /// </summary>
    private const long LeastOfMany = 1_000_000_000;

    /// <summary>The first year of the publisher's statistics.</summary>
    private const int FirstYear = 1970;

    /// <summary>
    /// What the partners of one host can have together in a year, in US dollars: the largest host has some 15
    /// trillion.
    /// </summary>
    private const long MostTogether = 50_000_000_000_000;

    /// <inheritdoc/>
    public string Wanted => "a partner with a figure";

    /// <inheritdoc/>
    /// <remarks>People may correct any row.</remarks>
    public bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

    /// <inheritdoc/>
    public async Task<BodyCheck> CheckAsync(Stream body, CancellationToken cancellationToken)
    {
        var batch = new RowBatch();
        var (unreadable, newest, judgements) = await ReadAsync(body, batch, cancellationToken);
        return new BodyCheck(
            batch.Read,
            batch.Rows.Count,
            batch.Excluded,
            batch.Missing.Count,
            batch.Rejected.Count,
            newest,
            unreadable
        )
        {
            Judgements = unreadable is null ? judgements : [],
        };
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<RowBatch> ReadAsync(
        Stream body,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var batch = new RowBatch();
        await ReadAsync(body, batch, cancellationToken);
        yield return batch;
    }

    private async Task<(Finding? Unreadable, string? Newest, IReadOnlyList<Finding> Judgements)> ReadAsync(
        Stream body,
        RowBatch batch,
        CancellationToken cancellationToken
    )
    {
        var kept = new List<PartnersRow>();
        var unused = new PartnersUnused();
        var codeless = 0;
        try
        {
            PartnersHeader? header = null;
            var copy = await HandCopy.OpenAsync(body, isLabel: null, guesses: false, cancellationToken);
            await foreach (var rows in CsvRows.ReadAsync(copy, cancellationToken))
            {
                if (rows.IsBlank)
                    continue;
                if (header is null)
                {
                    header = PartnersHeader.Read(rows, $"{fileName}, line {rows.Line}", copy, out var finding);
                    if (header is null)
                        return (finding, null, []);
                    continue;
                }
                if (++batch.Read > MaxRows)
                {
                    return (new Finding("body", $"more than {MaxRows} rows", $"at most {MaxRows}", OldStays), null, []);
                }
                if (PartnersFile.Read(rows, header, out var column, out var seen, out var expected) is { } row)
                {
                    kept.Add(row);
                }
                else
                {
                    Reject(batch, rows.Line, column, seen, expected);
                    if (column == PartnersHeader.Iso3Name)
                        codeless++;
                    unused.Add(PartnersFile.PlaceOf(rows, header), PartnersFile.OwnDollars(rows, header));
                }
            }
            if (header is null)
                return (new Finding("body", "no row", "a header row", OldStays), null, []);
        }
        catch (CsvException e)
        {
            var remedy = e.Remedy is { } own ? $"the table keeps the old rows; {own}" : OldStays;
            var place = $"{fileName}, line {e.Line}";
            return (new Finding(place, e.Seen, e.Expected ?? "CSV in UTF-8", remedy), null, []);
        }
        return Sort(kept, batch, unused, codeless);
    }

    /// <summary>What can be said of all rows together: one row per key, one basis per key, totals, places.</summary>
    /// <param name="all">The rows that were understood.</param>
    /// <param name="batch">Takes what becomes of them.</param>
    /// <param name="unused">Rows that were not.</param>
    /// <param name="codeless">How many of those have a wrong code or none: regions stand in such files.</param>
    private static (Finding? Unreadable, string? Newest, IReadOnlyList<Finding> Judgements) Sort(
        List<PartnersRow> all,
        RowBatch batch,
        PartnersUnused unused,
        int codeless
    )
    {
        var totals = new Dictionary<PartnersGroup, PartnersRow>();
        var keys = new Dictionary<(string Partition, string Row), string>();
        var groups = new Dictionary<PartnersGroup, List<PartnersRow>>();
        // The key has no place for the basis: where a partition has both in a year, the immediate investor's is the one
        // it is for.
        var immediate = all.Where(row => row.Group.Basis == PartnersFile.Immediate)
            .Select(row => (row.Group.Partition, row.Group.Year))
            .ToHashSet();
        foreach (var row in all)
        {
            if (row.Group.Basis != PartnersFile.Immediate && immediate.Contains((row.Group.Partition, row.Group.Year)))
            {
                Reject(
                    batch,
                    row.Line,
                    "basis",
                    Finding.Quote(row.Group.Basis),
                    $"{PartnersFile.Immediate}, because the file has that basis for {row.Group.Partition} "
                        + $"{row.Group.Year}, and figures of two bases must not stand in one partition and year"
                );
                continue;
            }
            var key = (row.Group.Partition, RowKey(row));
            if (!keys.TryAdd(key, row.Group.Basis))
            {
                unused.Add(row.Group.Place, row.Dollars);
                var other = keys[key];
                if (other == row.Group.Basis)
                {
                    Reject(
                        batch,
                        row.Line,
                        "",
                        $"{key.Partition} {key.Item2} a second time",
                        "one row per host, direction, measure, reporter, year and partner"
                    );
                }
                else
                {
                    Reject(
                        batch,
                        row.Line,
                        "basis",
                        Finding.Quote(row.Group.Basis),
                        $"one basis for {key.Partition} {key.Item2}: another row has it by "
                            + $"{PartnersFile.InWords(other)}; keep the two in files of their own"
                    );
                }

                continue;
            }
            if (row.IsTotal)
                totals.Add(row.Group, row);
            else if (groups.TryGetValue(row.Group, out var rows))
                rows.Add(row);
            else
                groups.Add(row.Group, [row]);
        }
        batch.Excluded = totals.Count;
        var judgements = new CheckFindings();
        foreach (var total in totals.Values)
        {
            var others = unused.Of(total.Group.Place);
            var partners = groups.GetValueOrDefault(total.Group) ?? [];
            if (total.Dollars is not { } stated)
            {
                if (NoTotal(total, partners) is { } lacking)
                    SetAside(total, lacking);
                continue;
            }
            if (TotalRange(total, stated) is { } range)
                judgements.Add(range);
            if (TotalSum(total, stated, partners, others) is not { } sum)
                continue;
            if (others.Count == 0)
                judgements.Add(sum);
            else
                SetAside(total, sum); // Regions that have no code may be why.
        }
        foreach (var (group, partners) in groups)
        {
            if (RangeVerdict(group, partners) is { } finding)
                judgements.Add(finding);
        }

        var unreadable = default(Finding);
        foreach (var rows in groups.Values)
            Place(rows, batch);
        if (batch.Read == 0)
        {
            unreadable = new Finding("body", "no row", "a row per year and partner", OldStays);
        }
        else if (
            batch.Rejected.Count - codeless > Math.Max(1, batch.Read * MaxRejected)
            || batch.Rejected.Count > batch.Read * MaxCodeless
        )
        {
            unreadable = new Finding(
                "body",
                $"{batch.Rejected.Count} of {batch.Read} rows that cannot be understood, the first: "
                    + $"{batch.Rejected[0].Where}: seen {batch.Rejected[0].Seen}, expected "
                    + $"{batch.Rejected[0].Expected}",
                batch.Rejected.Count > batch.Read * MaxCodeless
                    ? "at most 50 %"
                    : "at most 5 %, rows without a known code aside",
                OldStays
            );
        }

        return (
            unreadable,
            batch.Rows.Count == 0 ? null : $"{batch.Rows.Cast<FdiPartner>().Max(row => row.Year):0000}-12",
            judgements.ToList()
        );

        // The total is kept with its reason, the partners stay.
        void SetAside(PartnersRow total, Finding finding) =>
            batch.Doubts.Add(new DoubtedRow(total.Group.Partition, RowKey(total), finding, IsExcluded: true));
    }

    /// <summary>What partners have together is of a plausible magnitude, also where the file has no total.</summary>
    private static Finding? RangeVerdict(PartnersGroup group, List<PartnersRow> partners)
    {
        var sum = partners.Aggregate((Int128)0, (sum, partner) => sum + Int128.Abs(partner.Dollars ?? 0));
        var count = partners.Count(partner => partner.Dollars is not (null or 0));
        return sum <= MostTogether && (count < ManyPartners || sum >= LeastOfMany)
            ? null
            : new Finding(
                $"line {partners[0].Line}, {group}",
                $"{count} partners that have {sum} US dollars together, without signs",
                sum > MostTogether
                    ? $"at most {MostTogether} for one host"
                    : $"at least {LeastOfMany} for {ManyPartners} partners or more",
                "the table keeps the old rows; check the unit, million US dollars, put the file right and drop it "
                    + "again, or replay the slice with accept if the figures are right"
            );
    }

    /// <summary>A total without a value says nothing: the sum of its partners cannot be checked.</summary>
    private static Finding? NoTotal(PartnersRow total, List<PartnersRow> partners)
    {
        var count = partners.Count(partner => partner.Dollars is not null);
        if (count == 0)
            return null;
        var sum = partners.Aggregate((Int128)0, (sum, partner) => sum + (partner.Dollars ?? 0));
        return new Finding(
            $"{total.Group}",
            $"no value in the row {total.Partner} beside "
                + $"{(count == 1 ? "1 partner with" : $"{count} partners that add up to")} {sum} US dollars",
            $"the total that they add up to, or no such row (line {total.Line})",
            "the partners are loaded; put the row right or take it out and drop the file again, or replay the slice "
                + "with accept if the figures are right"
        );
    }

    private static Finding? TotalRange(PartnersRow total, long stated) =>
        Math.Abs(stated) <= MostTogether
            ? null
            : new Finding(
                $"{total.Group}",
                $"{stated} US dollars in the row {total.Partner}",
                $"at most {MostTogether} for one host (line {total.Line})",
                AcceptOr
            );

    /// <summary>
    /// Partners add up to the total, to the rounding of what is written. Partners without a value leave that open, all
    /// together up to the second largest figure: the largest may be the one that has slipped.
    /// </summary>
    private static Finding? TotalSum(PartnersRow total, long stated, List<PartnersRow> partners, UnusedRows unused)
    {
        var sum = partners.Aggregate((Int128)0, (sum, partner) => sum + (partner.Dollars ?? 0));
        var without = partners.Count(partner => partner.Dollars is null);
        // Stocks are not negative, so that a withheld one explains no sum that is too large.
        var own = new UnusedRows(canBeNegative: total.Group.Measure == UnctadSlice.Flow);
        if (without > 0)
        {
            own.Add(
                null,
                partners
                    .Select(partner => partner.Dollars is { } dollars ? Math.Abs(dollars) : 0L)
                    .OrderDescending()
                    .ElementAtOrDefault(1)
            );
        }
        // Zeros at the end are not written: the figure with most digits says to what all are rounded.
        var half =
            total.Half
            + partners.Count * partners.Select(partner => partner.Half).Where(half => half > 0).DefaultIfEmpty().Min();
        return UnusedRows.Explain(stated - sum, own, unused, (Int128)decimal.Ceiling(half))
            ? null
            : new Finding(
                $"{total.Group}",
                $"partners that add up to {sum} US dollars{WithoutValue(without)}{UnusedRows.InWords(null, unused)}",
                $"{stated}, the row {total.Partner} (line {total.Line})",
                AcceptOr
            );

        static string WithoutValue(int count) =>
            count switch
            {
                0 => "",
                1 => " without 1 partner that has no value",
                _ => $" without {count} partners that have no value",
            };
    }

    /// <summary>
    /// Hands on the rows of a group, each with its place: the largest value first, equal values at one
    /// place.
    /// </summary>
    private static void Place(List<PartnersRow> rows, RowBatch batch)
    {
        rows.Sort((one, other) => Nullable.Compare(other.Dollars, one.Dollars));
        var place = 0;
        // A place among fewer than two is no place.
        var alone = rows.Count(row => row.Dollars is not null) < FewestRanked;
        for (var at = 0; at < rows.Count; at++)
        {
            var row = rows[at];
            if (row.Dollars is not { } dollars)
            {
                batch.Missing.Add(
                    new MissingRow(row.Group.Partition, RowKey(row), "the file has no value for it: empty or ..")
                );
                continue;
            }
            if (at == 0 || rows[at - 1].Dollars != dollars)
                place = at + 1;
            if (row.StatedRank > 0 && row.StatedRank != place)
            {
                var where = FigureFinding.Where(FdiPartner.Table, row.Group.Partition, RowKey(row));
                var expected = $"{place}, the place of the value in {row.Group} (line {row.Line})";
                var doubt = new Finding(where, $"rank {row.StatedRank}", expected, FigureFinding.NotLoaded);
                batch.Doubts.Add(new DoubtedRow(row.Group.Partition, RowKey(row), doubt));
            }
            batch.Rows.Add(
                new FdiPartner
                {
                    PartitionKey = row.Group.Partition,
                    RowKey = RowKey(row),
                    Year = row.Group.Year,
                    HostCode = row.Group.Host.Code,
                    HostIso3 = row.Group.Host.Iso3,
                    PartnerIso3 = row.Iso3,
                    PartnerName = row.Partner,
                    Direction = row.Group.Direction,
                    Measure = row.Group.Measure,
                    ReportedBy = row.Group.ReportedBy,
                    ValueUsd = dollars,
                    Rank = alone ? null : place,
                    Basis = $"foreign direct investment by {PartnersFile.InWords(row.Group.Basis)}, current prices",
                }
            );
        }
    }

    private static string RowKey(PartnersRow row) =>
        $"{row.Group.Year.ToString("0000", CultureInfo.InvariantCulture)}|{row.Iso3}";

    private static void Reject(RowBatch batch, long line, string column, string seen, string expected) =>
        batch.Rejected.Add(
            new Finding(column.Length == 0 ? $"line {line}" : $"line {line}, column {column}", seen, expected, Kept)
        );
}

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

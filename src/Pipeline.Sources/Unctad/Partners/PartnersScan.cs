using System.Globalization;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Loading;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Unctad.Partners;

/// <summary>
/// Goes through the file by partner once and keeps its rows. What can be said of all of them together is said at the
/// end: one row per key, one basis per key, totals, places.
/// </summary>
/// <param name="fileName">The name of the file in the container <c>curated</c>.</param>
internal sealed class PartnersScan(string fileName)
{
    private const string Kept = "kept in rejects; put the row right and drop the file again";
    private const string OldStays = "the table keeps the old rows; put the file right and drop it again";
    internal const string AcceptOr = $"{OldStays}, or replay the slice with accept if the figures are right";

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

    private readonly List<PartnersRow> all = [];
    private readonly PartnersUnused unused = new();
    private readonly Dictionary<PartnersGroup, PartnersRow> totals = [];
    private readonly Dictionary<PartnersGroup, List<PartnersRow>> groups = [];
    private PartnersHeader? header;
    private Finding? refusal;
    private long read;

    /// <summary>How many rows have a wrong code or none: regions stand in such files.</summary>
    private int codeless;

    /// <summary>What becomes of the rows; filled in by <see cref="Result"/>.</summary>
    public RowBatch Batch { get; } = new();

    /// <summary>Takes the present row; false when the rest of the file would change nothing.</summary>
    public bool Take(CsvRows rows, HandCopy copy)
    {
        if (rows.IsBlank)
            return true;
        if (header is null)
        {
            header = PartnersHeader.Read(rows, $"{fileName}, line {rows.Line}", copy, out refusal);
            return header is not null;
        }
        if (++read > MaxRows)
        {
            refusal = new Finding("body", $"more than {MaxRows} rows", $"at most {MaxRows}", OldStays);
            return false;
        }
        if (PartnersFile.Read(rows, header, out var column, out var seen, out var expected) is { } row)
        {
            all.Add(row);
            return true;
        }
        Reject(rows.Line, column, seen, expected);
        if (column == PartnersHeader.Iso3Name)
            codeless++;
        unused.Add(PartnersFile.PlaceOf(rows, header), PartnersFile.OwnDollars(rows, header));
        return true;
    }

    /// <summary>Refuses the file because it is no CSV.</summary>
    public void Refuse(CsvException e)
    {
        var remedy = e.Remedy is { } own ? $"the table keeps the old rows; {own}" : OldStays;
        refusal = new Finding($"{fileName}, line {e.Line}", e.Seen, e.Expected ?? "CSV in UTF-8", remedy);
    }

    /// <summary>Says what was found and fills in the rows, once all were taken.</summary>
    public BodyCheck Result()
    {
        var judgements = new CheckFindings();
        if (header is null)
            refusal ??= new Finding("body", "no row", "a header row", OldStays);
        if (refusal is null)
        {
            Sort();
            foreach (var total in totals.Values)
                Judge(total, groups.GetValueOrDefault(total.Group) ?? [], judgements);
            foreach (var (group, partners) in groups)
            {
                if (PartnersTotals.Together(group, partners) is { } finding)
                    judgements.Add(finding);
                Place(partners);
            }
            refusal = Unreadable();
        }
        return new BodyCheck(
            read,
            Batch.Rows.Count,
            totals.Count,
            Batch.Missing.Count,
            Batch.Rejected.Count,
            Batch.Rows.Count == 0 ? null : $"{Batch.Rows.Cast<FdiPartner>().Max(row => row.Year):0000}-12",
            refusal
        )
        {
            Judgements = refusal is null ? judgements.ToList() : [],
        };
    }

    /// <summary>Sorts the rows into totals and partners, and rejects those whose key is taken.</summary>
    private void Sort()
    {
        var keys = new Dictionary<(string Partition, string Row), string>();
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
                RejectRepeat(row, keys[key]);
            else if (row.IsTotal)
                totals.Add(row.Group, row);
            else if (groups.TryGetValue(row.Group, out var rows))
                rows.Add(row);
            else
                groups.Add(row.Group, [row]);
        }
    }

    private void RejectRepeat(PartnersRow row, string otherBasis)
    {
        unused.Add(row.Group.Place, row.Dollars);
        var key = $"{row.Group.Partition} {RowKey(row)}";
        if (otherBasis == row.Group.Basis)
        {
            Reject(
                row.Line,
                "",
                $"{key} a second time",
                "one row per host, direction, measure, reporter, year and partner"
            );
            return;
        }
        Reject(
            row.Line,
            "basis",
            Finding.Quote(row.Group.Basis),
            $"one basis for {key}: another row has it by {PartnersFile.InWords(otherBasis)}; keep the two in files of "
                + "their own"
        );
    }

    private void Judge(PartnersRow total, List<PartnersRow> partners, CheckFindings judgements)
    {
        if (total.Dollars is not { } stated)
        {
            if (PartnersTotals.Lacking(total, partners) is { } lacking)
                SetAside(total, lacking);
            return;
        }
        if (PartnersTotals.Range(total, stated) is { } range)
            judgements.Add(range);
        var others = unused.Of(total.Group.Place);
        if (PartnersTotals.Sum(total, stated, partners, others) is not { } sum)
            return;
        if (others.Count == 0)
            judgements.Add(sum);
        else
            SetAside(total, sum); // Regions that have no code may be why.
    }

    /// <summary>The total is kept with its reason, the partners stay.</summary>
    private void SetAside(PartnersRow total, Finding finding) =>
        Batch.Doubts.Add(new DoubtedRow(total.Group.Partition, RowKey(total), finding, IsExcluded: true));

    private Finding? Unreadable()
    {
        if (read == 0)
            return new Finding("body", "no row", "a row per year and partner", OldStays);
        var rejected = Batch.Rejected;
        if (rejected.Count - codeless <= Math.Max(1, read * MaxRejected) && rejected.Count <= read * MaxCodeless)
        {
            return null;
        }
        return new Finding(
            "body",
            $"{rejected.Count} of {read} rows that cannot be understood, the first: {rejected[0].Where}: seen "
                + $"{rejected[0].Seen}, expected {rejected[0].Expected}",
            rejected.Count > read * MaxCodeless ? "at most 50 %" : "at most 5 %, rows without a known code aside",
            OldStays
        );
    }

    /// <summary>
    /// Hands on the rows of a group, each with its place: the largest value first, equal values at one
    /// place.
    /// </summary>
    private void Place(List<PartnersRow> rows)
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
                Batch.Missing.Add(
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
                Batch.Doubts.Add(new DoubtedRow(row.Group.Partition, RowKey(row), doubt));
            }
            Batch.Rows.Add(
                new FdiPartner
                {
                    PartitionKey = row.Group.Partition,
                    RowKey = RowKey(row),
                    Place = new BodyPlace("line", row.Line),
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

    private void Reject(long line, string column, string seen, string expected) =>
        Batch.Rejected.Add(
            new Finding(column.Length == 0 ? $"line {line}" : $"line {line}, column {column}", seen, expected, Kept)
        );
}

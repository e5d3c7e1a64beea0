using Pipeline.Datasets;
using Pipeline.Issues;
using Series = Pipeline.Sources.Unctad.FlowsStock.FdiRowKeys.Series;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// What must be true of a vintage as a whole before it replaces another (unctad.md, section 2.4): it is complete, no
/// key stands twice, and the economies add up to the world.
/// </summary>
/// <param name="extract">Whether the body is the recorded extract: it has few economies, so that their number, the
/// number of rows and the sums prove nothing. All else holds for it too.</param>
/// <param name="lastOfCalendar">The last year that the publisher's calendar allows.</param>
/// <param name="centres">Codes of the economies that the world leaves out.</param>
internal sealed class FdiChecks(bool extract, int lastOfCalendar, IReadOnlySet<string> centres)
{
    /// <summary>Rows of a release; the one of 2025 has 34,952.</summary>
    public const int MinRows = 30_000,
        MaxRows = 60_000;

    /// <summary>Rows of a selection without groups; the release of 2025 has 25,292 without them.</summary>
    public const int MinRowsWithoutGroups = 20_000;

    /// <summary>Economies of a release; the one of 2025 has 215.</summary>
    public const int MinEconomies = 200;

    /// <summary>
    /// A body with a larger share of rejected rows than this has another layout than the reader knows.
    /// </summary>
    private const double MaxRejected = 0.01;

    /// <summary>The release of 2025 has no value in 7 % of its economies' rows.</summary>
    private const double MaxMissing = 0.2;

    /// <summary>The first year of the releases of today; old ones begin in the second.</summary>
    internal const int FirstYear = 1990,
        FirstYearOfOld = 1970;

    private Finding? duplicate;

    /// <summary>The first row whose key was there already.</summary>
    public Finding? Duplicate => duplicate;

    public long Read { get; set; }
    public long Kept { get; set; }
    public long Excluded { get; set; }
    public long Missing { get; set; }
    public long Rejected { get; set; }

    /// <summary>The first row that could not be understood.</summary>
    public Finding? FirstRejected { get; set; }

    /// <summary>The figures and what they add up to.</summary>
    public FdiSums Sums { get; } = new(extract, centres);

    /// <summary>The newest year with a figure, as its last month.</summary>
    public string? Newest => Kept == 0 ? null : $"{Sums.LastYear:0000}-12";

    /// <summary>Refuses the body because a row has a key that was there already.</summary>
    public void Repeat(string place, int code, bool group, int year, int series) =>
        duplicate ??= new Finding(
            place,
            $"{(group ? $"{code:0000}" : $"{code:000}")} {year} {Series.InWords(series)} a second time",
            "one row per economy, year, flow and direction",
            FdiAdvice.Correct
        );

    /// <summary>All that the checks do not believe; nothing when the body may be loaded.</summary>
    public IReadOnlyList<Finding> Judgements()
    {
        var found = new CheckFindings();
        found.AddRange(SizeFindings());
        found.AddRange(YearFindings());
        found.AddRange(Sums.Findings());
        return found.ToList();
    }

    /// <summary>Why the body cannot be read; null when it can.</summary>
    public Finding? Unreadable()
    {
        if (Read == 0)
            return new Finding("body", "no row", "one row per economy, year, flow and direction", FdiAdvice.Correct);
        return Rejected <= Read * MaxRejected || Rejected <= 1
            ? null
            : new Finding(
                "body",
                $"{Rejected} of {Read} rows that cannot be understood, the first: {FirstRejected!.Where}: seen "
                    + $"{FirstRejected.Seen}, expected {FirstRejected.Expected}",
                "at most 1 %",
                "the table keeps the old vintage; if people have edited the file, take the publisher's; if the "
                    + "layout has changed, adapt the reader, then replay"
            );
    }

    private IEnumerable<Finding> SizeFindings()
    {
        // A person who chose economies may have left the groups out: the publisher's API is not known to give them.
        var least = Sums.IsSelection && !Sums.HasGroups ? MinRowsWithoutGroups : MinRows;
        if (!extract && (Read < least || Read > MaxRows))
            yield return new Finding("body", $"{Read} rows", $"{least} to {MaxRows}", FdiAdvice.PullOrAccept);
        if (!extract && Sums.EconomyCount < MinEconomies)
        {
            yield return new Finding(
                "body",
                $"{Sums.EconomyCount} economies",
                $"at least {MinEconomies}",
                FdiAdvice.PullOrAccept
            );
        }
        if (Missing > (Kept + Missing) * MaxMissing && Missing > 1)
        {
            yield return new Finding(
                "body",
                $"{Missing} of {Kept + Missing} rows of economies without a value",
                "at most 20 %",
                FdiAdvice.PullOrAccept
            );
        }
    }

    private IEnumerable<Finding> YearFindings()
    {
        var (firstYear, lastYear) = (Sums.FirstYear, Sums.LastYear);
        if (lastYear > lastOfCalendar && lastYear > 0)
        {
            yield return new Finding(
                "body",
                $"{lastYear} as the last year",
                $"no year after {lastOfCalendar}, the last that can be published by now",
                FdiAdvice.PullOrAccept
            );
        }
        if (firstYear is not (FirstYear or FirstYearOfOld))
        {
            yield return new Finding(
                "body",
                $"{firstYear} as the first year",
                $"{FirstYear}, or {FirstYearOfOld} in old releases",
                FdiAdvice.PullOrAccept
            );
        }
    }
}

using System.Text;
using Pipeline.Datasets;
using Pipeline.Issues;
using Pipeline.Sources.Formats;
using Series = Pipeline.Sources.Unctad.FlowsStock.FdiRowKeys.Series;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>Goes through a vintage once: each figure is kept, missing, left out or rejected.</summary>
/// <param name="extract">Whether the body is the recorded extract.</param>
/// <param name="lastYear">The last year that the publisher's calendar allows.</param>
/// <param name="centres">Codes of the economies that the world leaves out.</param>
internal sealed class FdiScan(bool extract, int lastYear, IReadOnlySet<string> centres)
{
    private const string Kept = "kept in rejects, fix the reader or replay";

    private readonly FdiChecks checks = new(extract, lastYear, centres);
    private readonly FdiRowKeys keys = new();
    private FdiHeader? header;
    private FdiPart? part;
    private long partLine;
    private string lineUnit = "line";
    private bool begun;
    private Finding? refusal;

    /// <summary>Rows that were not handed on yet.</summary>
    public RowBatch Batch { get; } = new();

    /// <summary>The table as people have saved it.</summary>
    public HandCopy? Copy { get; set; }

    private bool HasDecimalComma => (part?.Separator ?? Copy?.Separator) == (byte)';';

    /// <summary>The place of a line; in an export of the data centre the line is that of its file.</summary>
    private string Place(long line) => $"{lineUnit} {LineInFile(line)}";

    private long LineInFile(long line) => part is null ? line : line - partLine + part.FirstLine - 1;

    /// <summary>The place of a line whose separator, encoding or line end is wrong, with the file's name.</summary>
    public string FormPlace(long line) => part is null ? $"{FdiBody.FileName}, line {line}" : Place(line);

    public void Refuse(Finding finding) => refusal ??= finding;

    /// <summary>What comes out of a damaged archive is no reason of its own.</summary>
    public void Damaged(Finding finding) => refusal = finding;

    /// <summary>What was found, once all rows were taken.</summary>
    public BodyCheck Result()
    {
        if (!begun)
            Refuse(new Finding("body", "no row", "a header row", FdiBody.Broken));
        // An operator may overrule a judgement, but not that rows cannot be understood.
        refusal ??= checks.Duplicate ?? checks.Unreadable();
        return new BodyCheck(
            checks.Read,
            checks.Kept,
            checks.Excluded,
            checks.Missing,
            checks.Rejected,
            checks.Newest,
            refusal
        )
        {
            Judgements = refusal is null ? checks.Judgements() : [],
        };
    }

    public void Take(CsvRows rows)
    {
        if (rows.IsBlank)
            return;
        if (IsPart(rows))
            return;
        if (!begun || (header is null && part is not null && refusal is null))
        {
            begun = true;
            header = FdiHeader.Read(rows, part, Place(rows.Line), FormPlace(rows.Line), Copy!, out var finding);
            if (finding is not null)
                Refuse(finding);
            else
                (checks.Sums.IsSelection, checks.Sums.RoundedTo) = (header!.IsSelection, header.RoundedTo);
            return;
        }
        // Without a header nothing can be read; the rest is only passed over.
        if (header is null)
            return;
        rows.Unwrap();
        if (header.IsAgain(rows))
            return;
        var isComplete = rows.Count == header.Count;
        var figures = isComplete ? header.FiguresOf(rows) : header.Figures;
        checks.Read += figures.Count;
        if (isComplete && !FdiCells.IsUnreadable(rows, header))
        {
            Row(rows, header, figures);
        }
        else
        {
            if (!isComplete && FdiHeader.IsAny(rows))
                Refuse(OtherHeader(rows));
            checks.Sums.Unplaced(null);
            Reject(
                rows,
                "",
                rows.Foreign ?? (rows.Count == 1 ? "1 cell" : $"{rows.Count} cells"),
                rows.Foreign is null ? $"{header.Count} cells, as the header has" : "text in UTF-8",
                figures.Count
            );
        }
    }

    /// <summary>
    /// A line between the exports that were put together; only at the beginning, and after another
    /// export.
    /// </summary>
    private bool IsPart(CsvRows rows)
    {
        if (rows.Count != 1 || (begun && part is null) || FdiPart.Parse(rows.Text(0)) is not { } next)
            return false;
        if (refusal is not null)
            return true;
        (part, header, partLine) = (next, null, rows.Line);
        lineUnit = $"{next.FileName}, line";
        rows.Separator = next.Separator ?? Copy!.Separator;
        return true;
    }

    private void Row(CsvRows rows, FdiHeader columns, IReadOnlyList<FdiHeader> figures)
    {
        var year = 0;
        if (columns.Year >= 0 && !FdiCells.TryYear(rows.Bytes(columns.Year), out year))
        {
            if (FdiHeader.IsAny(rows))
                Refuse(OtherHeader(rows));
            Unplaced(rows, figures);
            Reject(
                rows,
                columns[columns.Year],
                FdiCells.Quote(rows, columns.Year),
                $"a year, {FdiRowKeys.FirstYear} to {FdiRowKeys.LastYear}"
            );
            return;
        }
        if (!TrySeries(rows, columns, figures, out var series))
            return;
        var label = columns.Economy < 0 ? rows.Text(columns.Label) : "";
        var code =
            columns.Economy < 0
                ? Encoding.ASCII.GetBytes(EconomyLabels.Find(label) ?? "")
                : rows.Bytes(columns.Economy);
        if (!FdiCells.TryCode(code, out var number) || code.Length is not (3 or 4))
        {
            foreach (var figure in figures)
            {
                checks.Sums.Unused(null, figure.YearOfName ?? year, series, Own(rows, figure));
            }
            var column = columns.Economy < 0 ? columns.Label : columns.Economy;
            var isShort = code.Length is 1 or 2 && FdiCells.TryCode(code, out _);
            var expected = ExpectedCode(columns, isShort);
            Reject(rows, columns[column], FdiCells.Quote(rows, column), expected, figures.Count);
            return;
        }
        foreach (var figure in figures)
        {
            var own = figure.YearOfName ?? year;
            if (!checks.Sums.Key(number, code.Length == 4, own, series))
                checks.Repeat(Place(rows.Line), number, code.Length == 4, own, series);
            if (code.Length == 4)
                Group(rows, figure, number, own, series);
            else
                Economy(rows, figure, number, own, series);
        }
    }

    private static string ExpectedCode(FdiHeader columns, bool isShort)
    {
        if (columns.Economy < 0)
            return "the label of an economy or a group that the program's lists have";
        const string Code = "three digits, or four of a group";
        return isShort ? $"{Code}: the code has lost its leading zeros" : Code;
    }

    private void Group(CsvRows rows, FdiHeader columns, int number, int year, int series)
    {
        var isEmpty = FdiCells.IsEmpty(rows, columns.Value);
        long? dollars = TryAmount(rows, columns, out var amount) && !isEmpty ? amount : null;
        checks.Sums.Group(number, year, series, dollars, isRejected: dollars is null && !isEmpty);
        if (dollars is null && !isEmpty)
        {
            Reject(
                rows,
                columns[columns.Value],
                FdiCells.Quote(rows, columns.Value),
                HasDecimalComma ? Amounts.ExpectedWithComma : Amounts.Expected
            );
            return;
        }
        checks.Excluded++;
    }

    private void Economy(CsvRows rows, FdiHeader columns, int number, int year, int series)
    {
        var economy = keys.EconomyOf(number, rows, columns);
        var hasReason = columns.Missing >= 0 && !FdiCells.IsEmpty(rows, columns.Missing);
        if (FdiCells.IsEmpty(rows, columns.Value))
        {
            if (columns.Missing >= 0 && !hasReason)
            {
                checks.Sums.Unused(number, year, series, Own(rows, columns));
                Reject(
                    rows,
                    columns[columns.Value],
                    "nothing, and no reason",
                    "a value, or a reason why there is none"
                );
                return;
            }
            checks.Missing++;
            Batch.Missing.Add(
                new MissingRow(economy.Partition(series), keys.RowKey(year), FdiCells.Reason(rows, columns))
            );
            return;
        }
        if (hasReason)
        {
            checks.Sums.Unused(number, year, series, Own(rows, columns));
            Reject(
                rows,
                columns[columns.Missing],
                $"{FdiCells.Quote(rows, columns.Missing)} beside the value {FdiCells.Quote(rows, columns.Value)}",
                "a value, or a reason why there is none"
            );
            return;
        }
        if (!TryAmount(rows, columns, out var dollars))
        {
            checks.Sums.Unused(number, year, series, Own(rows, columns));
            Reject(
                rows,
                columns[columns.Value],
                FdiCells.Quote(rows, columns.Value),
                HasDecimalComma ? Amounts.ExpectedWithComma : Amounts.Expected
            );
            return;
        }
        checks.Sums.Figure(number, economy.Economy.Code, year, series, dollars);
        checks.Kept++;
        var row = keys.Row(economy, series, year, dollars, rows, columns);
        var column = columns.YearOfName is null ? null : columns[columns.Value];
        row.Place = new BodyPlace(lineUnit, LineInFile(rows.Line), column);
        Batch.Rows.Add(row);
        if (FdiRowKeys.IsForeign(rows, columns.Footnote))
            Gap(columns.Footnote, nameof(FdiAnnual.Footnote));
        if (FdiRowKeys.IsForeign(rows, columns.Label) && Economies.Find(economy.Economy.Code) is null)
            Gap(columns.Label, nameof(FdiAnnual.EconomyName));

        void Gap(int column, string name)
        {
            var reason = $"the source sent {rows.Foreign} for {columns[column]}";
            Batch.Gaps.Add(MissingRow.OfColumn(economy.Partition(series), keys.RowKey(year), name, reason));
        }
    }

    /// <summary>
    /// Flow and direction, from the columns or, where there are none, from what the export is said to
    /// be.
    /// </summary>
    private bool TrySeries(CsvRows rows, FdiHeader columns, IReadOnlyList<FdiHeader> figures, out int series)
    {
        series = 0;
        var stock = part?.Measure == UnctadSlice.Stock;
        if (columns.Flow >= 0)
        {
            var flow = rows.Bytes(columns.Flow);
            if (!flow.SequenceEqual("08"u8) && !flow.SequenceEqual("09"u8))
            {
                Unplaced(rows, figures);
                var hint = flow.Length == 1 ? ": the code has lost its leading zero" : "";
                Reject(
                    rows,
                    columns[columns.Flow],
                    FdiCells.Quote(rows, columns.Flow),
                    $"08 (flow) or 09 (stock){hint}",
                    figures.Count
                );
                return false;
            }
            stock = flow[1] == '9';
        }
        var outward = part?.Direction == UnctadSlice.Outward;
        if (columns.Direction >= 0)
        {
            var direction = rows.Bytes(columns.Direction);
            if (!direction.SequenceEqual("1"u8) && !direction.SequenceEqual("2"u8))
            {
                Unplaced(rows, figures);
                Reject(
                    rows,
                    columns[columns.Direction],
                    FdiCells.Quote(rows, columns.Direction),
                    "1 (inward) or 2 (outward)",
                    figures.Count
                );
                return false;
            }
            outward = direction[0] == '2';
        }
        series = Series.Of(outward, stock);
        if (part is null || (part.Direction == Series.Direction(series) && part.Measure == Series.Measure(series)))
            return true;
        Unplaced(rows, figures);
        Reject(
            rows,
            "",
            Series.InWords(series),
            $"{part.Direction} {part.Measure}, as the name of the file {part.FileName} says",
            figures.Count
        );
        return false;
    }

    private void Unplaced(CsvRows rows, IReadOnlyList<FdiHeader> figures)
    {
        foreach (var figure in figures)
            checks.Sums.Unplaced(Own(rows, figure));
    }

    /// <summary>Rejects what a row holds: one figure, or all those of a pivot's row.</summary>
    private void Reject(CsvRows rows, string column, string seen, string expected, int figures = 1)
    {
        checks.Rejected += figures;
        var finding = new Finding(
            column.Length == 0 ? Place(rows.Line) : $"{Place(rows.Line)}, column {column}",
            seen,
            expected,
            Kept
        );
        checks.FirstRejected ??= finding;
        Batch.Rejected.Add(finding);
    }

    /// <summary>
    /// What a row that cannot be used would add to a sum, in dollars; null when that cannot be read.
    /// </summary>
    private long? Own(CsvRows rows, FdiHeader columns) =>
        !FdiCells.IsEmpty(rows, columns.Value) && TryAmount(rows, columns, out var dollars) ? dollars : null;

    private bool TryAmount(CsvRows rows, FdiHeader columns, out long dollars) =>
        HasDecimalComma
            ? Amounts.TryReadWithComma(rows.Bytes(columns.Value), columns.Unit, out dollars)
            : Amounts.TryRead(rows.Bytes(columns.Value), columns.Unit, out dollars);

    private Finding OtherHeader(CsvRows rows) =>
        new(
            Place(rows.Line),
            $"another header, {FdiCells.Quote(rows, 0)} and so on, between rows",
            "rows, or the same header again",
            FdiBody.Broken
        );
}

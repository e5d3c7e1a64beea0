using System.Globalization;
using Pipeline.Datasets;

namespace Pipeline.Report.Data;

/// <summary>Writes a figure as a sentence that can be cited.</summary>
internal static class FigureCitation
{
    /// <summary>Publisher, dataset, period, value, unit, vintage, address and raw body.</summary>
    public static string Write(
        FactTable table,
        FactRow row,
        IEnumerable<FigureValue> values,
        DatasetInfo? info,
        FigureBody raw
    )
    {
        var cells = RowCells.Of(table.RowType);
        var period = table.PeriodColumn.Length == 0 ? null : cells.Read(row, table.PeriodColumn);
        var keys = table
            .PartitionColumns.Concat(table.RowColumns)
            .Where(column => column != table.PeriodColumn)
            .Select(column => $"{column} {cells.Read(row, column)}");
        var about = string.Join(", ", keys);
        var figures = string.Join(
            ", ",
            values
                .Where(value => value.Value is not null)
                .Select(value => $"{value.Column} {Number(value.Value!)} {value.Unit}".TrimEnd())
        );
        var publisher = info is null ? row.Source : $"{info.Publisher}, {info.Title}";
        var place = raw.Place.Length == 0 ? "" : $", {raw.Place}";
        return $"{publisher}: {(about.Length == 0 ? $"{row.PartitionKey} {row.RowKey}" : about)}"
            + (period is null ? "" : $", {(period is DateTimeOffset ? Keys.Part(period) : period)}")
            + $": {figures} ({row.Basis}). Vintage {Moment(row.Vintage)}, revision {row.Revision}. "
            + $"Retrieved from {(raw.From.Length > 0 ? raw.From : info?.Url ?? "an unknown address")}"
            + $"; raw body {row.RawBlob}{place}"
            + (raw.Sha256.Length == 0 ? "." : $", SHA-256 {raw.Sha256}.");
    }

    /// <summary>A number with commas between thousands.</summary>
    internal static string Number(object value) =>
        value switch
        {
            long whole => whole.ToString("N0", CultureInfo.InvariantCulture),
            int whole => whole.ToString("N0", CultureInfo.InvariantCulture),
            double number => number.ToString("#,0.################", CultureInfo.InvariantCulture),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };

    /// <summary>A moment to the second, UTC.</summary>
    internal static string Moment(DateTimeOffset moment) =>
        moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

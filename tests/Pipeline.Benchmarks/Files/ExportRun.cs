using Pipeline.Benchmarks.Data;
using Pipeline.Benchmarks.Processes;
using Pipeline.Datasets;
using Pipeline.Exports.Formats;
using Pipeline.Sources.Census;

namespace Pipeline.Benchmarks.Files;

/// <summary>Writes rows of <c>trademonthly</c>, all its columns, to a file in one format.</summary>
internal static class ExportRun
{
    public const string Name = "export";

    /// <param name="arguments">The format's name, the number of rows, the file to write.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var format = RowFormat.All.Single(format => format.Name == arguments[0]);
        var shape = TradeShape.OfRows(PipelineUnderTest.Number(arguments[1]));
        await WriteAsync(format, TradeShape.OfRows(10_000, TradeShape.WarmYear), Stream.Null);
        await using var file = File.Create(arguments[2], 1 << 16);
        var meter = Meter.Start();
        var rows = await WriteAsync(format, shape, file);
        await file.FlushAsync();
        var measured = meter.Stop();
        measured["rows"] = rows;
        measured["bytes"] = file.Length;
        return measured;
    }

    private static async Task<long> WriteAsync(RowFormat format, TradeShape shape, Stream file)
    {
        var columns = ColumnMeanings.Of(TradeMonthly.Table);
        var row = new object?[columns.Count];
        await using var writer = format.CreateWriter(file, columns);
        for (var partner = 0; partner < shape.Partners; partner++)
        {
            for (var commodity = 0; commodity < shape.Commodities; commodity++)
            {
                var cells = Cells(shape, partner, commodity);
                for (var at = 0; at < row.Length; at++)
                    row[at] = cells[columns[at].Name];
                await writer.WriteAsync(row, CancellationToken.None);
            }
        }
        await writer.CompleteAsync(CancellationToken.None);
        return writer.Rows;
    }

    private static Dictionary<string, object?> Cells(TradeShape shape, int partner, int commodity)
    {
        var value = shape.Value(partner, commodity, 1);
        return new Dictionary<string, object?>
        {
            ["PartitionKey"] = TradeShape.PartitionKey(partner),
            ["RowKey"] = shape.RowKey(commodity, 1),
            [nameof(TradeMonthly.Period)] = $"{shape.Year:0000}-01",
            [nameof(TradeMonthly.PeriodStart)] = new DateTimeOffset(shape.Year, 1, 1, 0, 0, 0, TimeSpan.Zero),
            [nameof(TradeMonthly.Year)] = shape.Year,
            [nameof(TradeMonthly.Month)] = 1,
            [nameof(TradeMonthly.Reporter)] = "US",
            [nameof(TradeMonthly.PartnerCode)] = TradeShape.PartnerCode(partner),
            [nameof(TradeMonthly.PartnerIso2)] = "",
            [nameof(TradeMonthly.PartnerName)] = TradeShape.PartnerName(partner),
            [nameof(TradeMonthly.Flow)] = "imports",
            [nameof(TradeMonthly.Level)] = "HS6",
            [nameof(TradeMonthly.Commodity)] = TradeShape.CommodityCode(commodity),
            [nameof(TradeMonthly.CommodityName)] = TradeShape.CommodityName(commodity),
            [nameof(TradeMonthly.ValueUsd)] = value,
            [nameof(TradeMonthly.YearToDateUsd)] = value,
            [nameof(TradeMonthly.Source)] = PipelineUnderTest.Source,
            [nameof(TradeMonthly.Dataset)] = PipelineUnderTest.Dataset,
            [nameof(TradeMonthly.Vintage)] = TradeRow.Vintage,
            [nameof(TradeMonthly.FirstSeen)] = TradeRow.Vintage,
            [nameof(TradeMonthly.LastChanged)] = TradeRow.Vintage,
            [nameof(TradeMonthly.Revision)] = 0,
            [nameof(TradeMonthly.Basis)] = TradeShape.Basis,
            [nameof(TradeMonthly.RawBlob)] = TradeRow.RawBlob,
            [nameof(TradeMonthly.RunId)] = TradeRow.RunId,
            // As good as random, as a hash is: no format makes it shorter.
            [nameof(TradeMonthly.RowHash)] =
                $"{(ulong)value * 0x9E3779B97F4A7C15:x16}{((ulong)value + (ulong)commodity) * 0xD6E8FEB86659FD93:x16}",
            [nameof(TradeMonthly.SchemaVersion)] = 1,
        };
    }
}

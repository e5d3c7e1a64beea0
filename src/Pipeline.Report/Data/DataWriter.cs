using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Pipeline.Datasets;
using Pipeline.Exports.Formats;
using Column = Pipeline.Datasets.ColumnMeanings.Column;

namespace Pipeline.Report.Data;

/// <summary>A response with rows.</summary>
/// <param name="Bytes">Its body.</param>
/// <param name="ContentType">Its content type.</param>
/// <param name="Next">The address of the next response; null if there is nothing more.</param>
public sealed record DataDocument(byte[] Bytes, string ContentType, string? Next);

/// <summary>Writes rows in the form that was asked for.</summary>
public static class DataWriter
{
    /// <summary>Writes rows.</summary>
    /// <param name="page">The rows.</param>
    /// <param name="path">The path of the request, for the address of the next response.</param>
    /// <param name="cancellationToken">Stops the writing.</param>
    public static async Task<DataDocument> WriteAsync(DataPage page, string path, CancellationToken cancellationToken)
    {
        var next = page.Next is { } cursor ? path + page.Query.AddressOf(cursor) : null;
        var format = page.Query.Format switch
        {
            DataFormat.Csv => RowFormat.Csv,
            DataFormat.Parquet => RowFormat.Parquet,
            _ => null,
        };
        if (format is null)
            return new DataDocument(Json(page, next), "application/json", next);
        using var file = new MemoryStream();
        await using (var writer = format.CreateWriter(file, page.Columns))
        {
            foreach (var row in page.Rows)
                await writer.WriteAsync(row, cancellationToken);
            await writer.CompleteAsync(cancellationToken);
        }
        return new DataDocument(file.ToArray(), format.ContentType, next);
    }

    private static byte[] Json(DataPage page, string? next)
    {
        var bytes = new ArrayBufferWriter<byte>();
        // No page of HTML holds it, and names of countries stay readable.
        var options = new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(bytes, options))
        {
            json.WriteStartObject();
            json.WriteString("table", page.Query.Table.Name);
            if (page.Query.AsOf is { } day)
                json.WriteString(DataQueryReader.AsOf, day.ToString("O", CultureInfo.InvariantCulture));
            json.WriteStartArray("columns");
            foreach (var column in page.Columns)
            {
                json.WriteStartObject();
                json.WriteString("name", column.Name);
                json.WriteString("type", TypeOf(column));
                json.WriteString("unit", column.Unit);
                json.WriteString("meaning", column.Meaning);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteStartArray("rows");
            foreach (var row in page.Rows)
            {
                json.WriteStartObject();
                for (var at = 0; at < row.Length; at++)
                    Write(json, page.Columns[at], row[at]);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteString("next", next);
            json.WriteEndObject();
        }
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>The type of a column, as files have it: <c>date</c> for example.</summary>
    internal static string TypeOf(Column column) => $"{column.LogicalType}".ToLowerInvariant();

    /// <summary>Writes a cell of a type that tables have; what is no number is null.</summary>
    private static void Write(Utf8JsonWriter json, Column column, object? cell)
    {
        switch (cell)
        {
            case string text:
                json.WriteString(column.Name, text);
                break;
            case int number:
                json.WriteNumber(column.Name, number);
                break;
            case long number:
                json.WriteNumber(column.Name, number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumber(column.Name, number);
                break;
            case bool truth:
                json.WriteBoolean(column.Name, truth);
                break;
            case DateTimeOffset day when column.LogicalType == LogicalType.Date:
                json.WriteString(column.Name, day.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset moment:
                json.WriteString(column.Name, moment.UtcDateTime);
                break;
            default:
                json.WriteNull(column.Name);
                break;
        }
    }
}

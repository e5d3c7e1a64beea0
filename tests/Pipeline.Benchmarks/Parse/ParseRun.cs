using System.Globalization;
using System.Text.Json;
using Pipeline.Benchmarks.Processes;
using Pipeline.Datasets;
using Pipeline.Ingestion;
using Pipeline.Sources.Census;

namespace Pipeline.Benchmarks.Parse;

/// <summary>Reads one body by one of the ways there are, all by the same stream.</summary>
internal static class ParseRun
{
    public const string Name = "parse";

    /// <summary>The bytes as JSON and nothing more: the limit.</summary>
    public const string Scan = "scan";

    /// <summary>The product's parse: every row checked, and all of them together; a typed row for each.</summary>
    public const string Rows = "rows";

    /// <summary><c>Deserialize&lt;string[][]&gt;</c>, then numbers and dates of the texts.</summary>
    public const string Strings = "string[][]";

    public const string Document = "JsonDocument";

    /// <param name="arguments">The way; the body's file; the slice's key; a small body to warm up on, and its slice's
    /// key.</param>
    public static async Task<Dictionary<string, double>> RunAsync(string[] arguments)
    {
        var (way, file, key, warm, warmKey) = (arguments[0], arguments[1], arguments[2], arguments[3], arguments[4]);
        await using var pipeline = new PipelineUnderTest("UseDevelopmentStorage=true");
        // So that the compiler has made the code good: it compiles behind what runs often, in several stages.
        for (var time = 0; time < 6; time++)
        {
            await ReadAsync(await ParserOfAsync(pipeline, warmKey), way, warm);
            await Task.Delay(150);
        }
        var parser = await ParserOfAsync(pipeline, key);
        var meter = Meter.Start();
        var (rows, sum) = await ReadAsync(parser, way, file);
        var measured = meter.Stop();
        (measured["rows"], measured["sum"], measured["bytes"]) = (rows, sum, new FileInfo(file).Length);
        return measured;
    }

    private static FileStream Open(string file) =>
        new(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);

    private static async Task<IRowParser> ParserOfAsync(PipelineUnderTest pipeline, string key)
    {
        var slice = PipelineUnderTest.SliceOf(key);
        var context = pipeline.Get<Judgement>().Context(slice, TimeProvider.System.GetUtcNow());
        return await pipeline.Get<SourceCatalog>().Of(slice).CreateParserAsync(slice, context, CancellationToken.None);
    }

    private static async Task<(long Rows, long Sum)> ReadAsync(IRowParser parser, string way, string file)
    {
        await using var stream = Open(file);
        switch (way)
        {
            case Scan:
                return (ScanAll(stream), 0);
            case Strings:
                return Converted.Of((await JsonSerializer.DeserializeAsync<string[][]>(stream))!.Skip(1));
            case Document:
                using (var document = await JsonDocument.ParseAsync(stream))
                {
                    return Converted.Of(
                        document
                            .RootElement.EnumerateArray()
                            .Skip(1)
                            .Select(row => row.EnumerateArray().Select(cell => cell.GetString()!).ToArray())
                    );
                }
        }
        var sum = 0L;
        var check = await parser.ParseAsync(stream, Take, CancellationToken.None);
        return check.Refusal is { } refusal ? throw new BenchmarkException($"{file}: {refusal}") : (check.Read, sum);

        ValueTask Take(RowBatch batch)
        {
            sum += batch.Rows.Sum(row => ((TradeMonthly)row).ValueUsd);
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Every token of the stream, in a buffer that is filled again and again.</summary>
    private static long ScanAll(Stream stream)
    {
        var buffer = new byte[1 << 16];
        var (used, arrays, state) = (0, 0L, default(JsonReaderState));
        while (true)
        {
            var read = stream.Read(buffer, used, buffer.Length - used);
            used += read;
            var reader = new Utf8JsonReader(buffer.AsSpan(0, used), read == 0, state);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.StartArray)
                    arrays++;
            }

            state = reader.CurrentState;
            buffer.AsSpan((int)reader.BytesConsumed, used - (int)reader.BytesConsumed).CopyTo(buffer);
            used -= (int)reader.BytesConsumed;
            // The array of rows, and the header, are none.
            if (read == 0)
                return arrays - 2;
        }
    }

    /// <summary>A row as a reader of texts would keep it.</summary>
    private readonly record struct Converted(
        string Commodity,
        string Name,
        string Partner,
        DateOnly Month,
        long Value,
        long YearToDate
    )
    {
        public static (long Rows, long Sum) Of(IEnumerable<string[]> rows)
        {
            var (read, converted) = (0L, new List<Converted>());
            foreach (var cells in rows)
            {
                read++;
                // Countries alone, as the product does.
                if (cells[2].Length != 4 || cells[2][0] == '0' || !cells[2].All(char.IsAsciiDigit))
                    continue;
                converted.Add(
                    new Converted(
                        cells[0],
                        cells[1],
                        cells[2],
                        DateOnly.ParseExact(cells[8], "yyyy-MM", CultureInfo.InvariantCulture),
                        long.Parse(cells[4], CultureInfo.InvariantCulture),
                        long.Parse(cells[5], CultureInfo.InvariantCulture)
                    )
                );
            }
            return (read, converted.Sum(row => row.Value));
        }
    }
}

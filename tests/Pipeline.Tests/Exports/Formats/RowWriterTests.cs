using Azure.Data.Tables;
using Parquet;
using Parquet.Meta;
using Pipeline.Datasets;
using Pipeline.Exports.Formats;
using Xunit;

namespace Pipeline.Tests.Exports.Formats;

/// <summary>Rows as files of each format.</summary>
public sealed class RowWriterTests
{
    private static readonly DateTimeOffset Moment = new(2021, 2, 3, 4, 5, 6, 789, TimeSpan.FromHours(1));

    private static readonly IReadOnlyList<ColumnMeanings.Column> Columns = ColumnMeanings.OfView(typeof(Row));

    private static readonly object?[][] Rows =
    [
        ["a", 1, 9007199254740993L, 0.5, true, Moment, Moment],
        ["", null, null, double.NaN, null, null, null],
        [null, -1, -2, 3, false, DateTimeOffset.UnixEpoch.AddDays(-1), DateTimeOffset.UnixEpoch.AddTicks(-10)],
    ];

    private sealed record Row(
        [property: Meaning("A text")] string Text,
        [property: Meaning("A small number")] int? Small,
        [property: Meaning("Money", Unit = "US dollars")] long? Money,
        [property: Meaning("A share", Unit = "percent")] double? Share,
        [property: Meaning("A truth")] bool? Truth,
        [property: Meaning("A day", IsDate = true)] DateTimeOffset? Day,
        [property: Meaning("A moment")] DateTimeOffset? Instant
    );

    [Fact]
    public void A_column_knows_its_unit_and_its_type_in_files() =>
        Assert.Equal(
            [
                "Text String  String",
                "Small Int32  Int32",
                "Money Int64 US dollars Int64",
                "Share Double percent Double",
                "Truth Boolean  Boolean",
                "Day DateTime  Date",
                "Instant DateTime  Timestamp",
            ],
            Columns.Select(column => $"{column.Name} {column.Type["Edm.".Length..]} {column.Unit} {column.LogicalType}")
        );

    private sealed record WrongDate([property: Meaning("A day", IsDate = true)] string Day);

    [Fact]
    public void A_date_that_is_no_moment_in_the_table_is_a_fault_of_the_program() =>
        Assert.Equal(
            "WrongDate.Day is a date by its [Meaning] and Edm.String by its type; make it a DateTimeOffset or take "
                + "IsDate away",
            Assert.Throws<InvalidOperationException>(() => ColumnMeanings.OfView(typeof(WrongDate))).Message
        );

    [Fact]
    public async Task Csv_has_a_header_dates_without_a_time_and_empty_cells_for_what_is_missing() =>
        Assert.Equal(
            "Text,Small,Money,Share,Truth,Day,Instant\r\n"
                + "a,1,9007199254740993,0.5,true,2021-02-03,2021-02-03T03:05:06.789Z\r\n"
                + ",,,,,,\r\n"
                + ",-1,-2,3,false,1969-12-31,1969-12-31T23:59:59.999999Z\r\n",
            System.Text.Encoding.UTF8.GetString(await FileAsync(RowFormat.Csv, Rows))
        );

    [Fact]
    public async Task Parquet_has_typed_columns_in_zstd_and_nulls_for_what_is_missing_but_no_text()
    {
        var file = await FileAsync(RowFormat.Parquet, Rows);
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(file));
        Assert.Equal(
            [
                "Text BYTE_ARRAY STRING REQUIRED",
                "Small INT32  OPTIONAL",
                "Money INT64  OPTIONAL",
                "Share DOUBLE  OPTIONAL",
                "Truth BOOLEAN  OPTIONAL",
                "Day INT32 DATE OPTIONAL",
                "Instant INT64 TIMESTAMP(MILLIS,true) OPTIONAL",
            ],
            reader.Metadata!.Schema.Skip(1).Select(Describe)
        );
        Assert.All(reader.Metadata.RowGroups.SelectMany(group => group.Columns), chunk =>
            Assert.Equal(CompressionCodec.ZSTD, chunk.MetaData!.Codec)
        );
        var group = reader.RowGroups.Single();
        var texts = new string[3];
        await group.ReadAsync(reader.Schema.DataFields[0], texts);
        Assert.Equal(["a", "", ""], texts);
        Assert.Equal([1, null, -1], await ReadAsync<int>(reader, 1));
        Assert.Equal([9007199254740993, null, -2], await ReadAsync<long>(reader, 2));
        Assert.Equal([0.5, null, 3], await ReadAsync<double>(reader, 3));
        Assert.Equal([true, null, false], await ReadAsync<bool>(reader, 4));
        Assert.Equal(
            [new DateTime(2021, 2, 3), null, new DateTime(1969, 12, 31)],
            await ReadAsync<DateTime>(reader, 5)
        );
        Assert.Equal(
            [Moment.UtcDateTime, null, DateTime.UnixEpoch.AddMilliseconds(-1)],
            await ReadAsync<DateTime>(reader, 6)
        );
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_file_without_rows_has_the_columns(string format)
    {
        var file = await FileAsync(Format(format), []);
        if (format == "csv")
        {
            Assert.Equal("Text,Small,Money,Share,Truth,Day,Instant\r\n", System.Text.Encoding.UTF8.GetString(file));
            return;
        }
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(file));
        Assert.Equal(0, reader.RowGroupCount);
        Assert.Equal(Columns.Select(column => column.Name), reader.Schema.DataFields.Select(field => field.Name));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Equal_rows_give_equal_bytes_and_go_to_a_stream_that_cannot_seek(string format)
    {
        var rows = Enumerable
            .Range(0, 5000)
            .Select(number => new object?[] { $"t{number % 7}", number, 1L, 2.5, true, Moment, Moment })
            .ToList();
        var file = await FileAsync(Format(format), rows);
        Assert.Equal(file, await FileAsync(Format(format), rows));
        await using var target = new OneWay();
        await WriteAsync(Format(format), target, rows);
        Assert.Equal(file, target.Written.ToArray());
    }

    [Fact]
    public async Task Rows_wait_no_longer_than_a_group_is_full_and_a_flush_ends_a_group()
    {
        using var target = new MemoryStream();
        await using var writer = RowFormat.Parquet.CreateWriter(target, Columns);
        object?[] row = ["a", 1, 2L, 3.0, true, Moment, Moment];
        for (var count = 0; count < ParquetRowWriter.MaxGroupRows + 5; count++)
            await writer.WriteAsync(row, CancellationToken.None);
        Assert.Equal((5, ParquetRowWriter.MaxGroupRows + 5), (writer.BufferedRows, (int)writer.Rows));
        await writer.FlushAsync(CancellationToken.None);
        Assert.Equal(0, writer.BufferedRows);
        await writer.WriteAsync(row, CancellationToken.None);
        await writer.CompleteAsync(CancellationToken.None);
        target.Position = 0;
        await using var reader = await ParquetReader.CreateAsync(target);
        Assert.Equal([ParquetRowWriter.MaxGroupRows, 5, 1], reader.RowGroups.Select(group => group.RowCount));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_row_of_a_table_is_written_in_the_order_of_the_columns_and_may_lack_some(string format)
    {
        var entity = new TableEntity("p", "r")
        {
            ["Money"] = 5L,
            ["Other"] = "x",
            ["Text"] = "t",
        };
        using var target = new MemoryStream();
        await using var writer = Format(format).CreateWriter(target, Columns);
        await writer.WriteAsync(entity, CancellationToken.None);
        await writer.CompleteAsync(CancellationToken.None);
        Assert.Equal(
            await FileAsync(
                Format(format),
                [
                    ["t", null, 5L, null, null, null, null],
                ]
            ),
            target.ToArray()
        );
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task A_row_with_too_few_values_is_a_fault_of_the_program(string format) =>
        Assert.StartsWith(
            "a row of 1 values for 7 columns; give one value for each column",
            (
                await Assert.ThrowsAsync<ArgumentException>(() =>
                    FileAsync(
                        Format(format),
                        [
                            ["a"],
                        ]
                    )
                )
            ).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(1, "x", "column Small: seen String \"x\", expected a value of type Int32")]
    [InlineData(1, 5L, "column Small: seen Int64 \"5\", expected a value of type Int32")]
    [InlineData(2, 0.5, "column Money: seen Double \"0.5\", expected a value of type Int64")]
    [InlineData(0, true, "column Text: seen Boolean \"True\", expected a value of type String")]
    [InlineData(5, "2021-01-01", "column Day: seen String \"2021-01-01\", expected a value of type Date")]
    public async Task A_value_of_another_type_is_named_with_its_row(int column, object value, string error)
    {
        var bad = Rows[0].ToArray();
        bad[column] = value;
        foreach (var format in RowFormat.All)
        {
            var thrown = await Assert.ThrowsAsync<InvalidDataException>(() => FileAsync(format, [Rows[0], bad]));
            Assert.Equal(
                $"row 2 (\"{bad[0]}\", \"{bad[1]}\"), {error}; Correct the row in the table, or remove it "
                    + "and replay its slice.",
                thrown.Message
            );
        }
    }

    public static TheoryData<string> Formats => [.. RowFormat.All.Select(format => format.Name)];

    private static RowFormat Format(string name) => RowFormat.All.Single(format => format.Name == name);

    private static async Task<byte[]> FileAsync(RowFormat format, IEnumerable<object?[]> rows)
    {
        using var target = new MemoryStream();
        await WriteAsync(format, target, rows);
        return target.ToArray();
    }

    private static async Task WriteAsync(RowFormat format, Stream target, IEnumerable<object?[]> rows)
    {
        await using var writer = format.CreateWriter(target, Columns);
        foreach (var row in rows)
            await writer.WriteAsync(row, CancellationToken.None);
        await writer.CompleteAsync(CancellationToken.None);
        Assert.True(target.CanWrite);
    }

    private static async Task<T?[]> ReadAsync<T>(ParquetReader reader, int column)
        where T : struct
    {
        var values = new T?[3];
        await reader.RowGroups.Single().ReadAsync<T>(reader.Schema.DataFields[column], values.AsMemory());
        return values;
    }

    private static string Describe(SchemaElement element)
    {
        var logical = element.LogicalType switch
        {
            { STRING: not null } => "STRING",
            { DATE: not null } => "DATE",
            { TIMESTAMP: { } timestamp } =>
                $"TIMESTAMP({(timestamp.Unit.MILLIS is null ? "?" : "MILLIS")},{(timestamp.IsAdjustedToUTC ? "true" : "false")})",
            _ => "",
        };
        return $"{element.Name} {element.Type} {logical} {element.RepetitionType}";
    }

    /// <summary>A stream like that of a response: it takes bytes and cannot seek.</summary>
    private sealed class OneWay : Stream
    {
        public MemoryStream Written { get; } = new();
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => Written.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);
    }
}

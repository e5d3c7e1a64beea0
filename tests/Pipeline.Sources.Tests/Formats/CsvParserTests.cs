using System.Text;
using Pipeline.Datasets;
using Pipeline.Sources.Formats;
using Pipeline.Sources.Toy;
using Xunit;

namespace Pipeline.Sources.Tests.Formats;

/// <summary>What a parser that is being written is told about its own faults.</summary>
public sealed class CsvParserTests
{
    /// <summary>A parser of one required column whose rows a test makes.</summary>
    private sealed class Parser(Func<CsvLine, CsvOutcome> read) : CsvParser("port")
    {
        public override FactTable Table => ToyRate.Table;

        public override SliceScope Scope { get; } = SliceScope.OfRows("2024", "2025");

        public override bool InPolicy(FactRow row, DateTimeOffset vintage) => true;

        protected override CsvOutcome Read(CsvLine line) => read(line);
    }

    private static async Task<BodyCheck> ParseAsync(Func<CsvLine, CsvOutcome> read)
    {
        using var body = new MemoryStream(Encoding.UTF8.GetBytes("port,ships\nESALG,5\n"));
        return await new Parser(read).ParseAsync(body, _ => ValueTask.CompletedTask, CancellationToken.None);
    }

    private static CsvOutcome Keep(string period) =>
        CsvLine.Keep(new ToyRate { PartitionKey = "ESALG", RowKey = "2024-Q1" }, period);

    [Fact]
    public async Task A_column_that_the_header_does_not_have_is_named_with_those_that_it_has()
    {
        const string message =
            "column tonnes: seen a header with port, ships, expected a column of the header; correct the name in the "
            + "parser, or add it to the columns that the parser requires";
        foreach (
            var read in (Func<CsvLine, CsvOutcome>[])
                [
                    line => line["tonnes"].Length > 0 ? default : CsvLine.Exclude(),
                    line => line.Number("tonnes") > 0 ? default : CsvLine.Exclude(),
                    line => line.Month("tonnes") is null ? default : CsvLine.Exclude(),
                    line => line.Reject("tonnes", "a number"),
                ]
        )
        {
            Assert.Equal(message, (await Assert.ThrowsAsync<KeyNotFoundException>(() => ParseAsync(read))).Message);
        }
    }

    [Theory]
    [InlineData("2024-01")]
    [InlineData("2024-09")]
    [InlineData("2024-10")]
    [InlineData("2024-12")]
    public async Task The_period_of_a_row_is_a_month(string period) =>
        Assert.Equal(period, (await ParseAsync(_ => Keep(period))).Newest);

    [Theory]
    [InlineData("2024-Q1")]
    [InlineData("2024")]
    [InlineData("2024-00")]
    [InlineData("2024-13")]
    [InlineData("2024-1")]
    [InlineData("2024-01-01")]
    [InlineData("24-2024")]
    [InlineData("202x-01")]
    [InlineData("")]
    public async Task A_period_of_another_form_is_said_with_the_key_of_its_row(string period)
    {
        var error = await Assert.ThrowsAsync<ArgumentException>(() => ParseAsync(_ => Keep(period)));
        Assert.Equal(
            $"period of ESALG 2024-Q1: seen \"{period}\", expected a month, yyyy-MM; pass the last month of the period "
                + "to Keep (Parameter 'period')",
            error.Message
        );
    }
}

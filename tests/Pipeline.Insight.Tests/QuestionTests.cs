using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.Datasets;
using Pipeline.Report.Data;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>
/// The questions of <c>docs/questions.md</c>: each query runs over the export files of the samples, its result is the
/// table below it, and so it is over the rows that HTTP serves and over those of the tables. <c>UPDATE_README=1</c>
/// writes the results.
/// </summary>
public sealed partial class QuestionTests(Exports exports) : IClassFixture<Exports>
{
    private static readonly string Page = Path.Combine(Repository.Root, "docs", "questions.md");

    [Fact]
    public async Task Each_question_has_the_result_that_the_page_says()
    {
        var page = await File.ReadAllTextAsync(Page);
        var written = Result()
            .Replace(page, match =>
            {
                var number = match.Groups["number"].Value;
                return $"<!-- result {number} -->\n{Table(Sql(page, number))}<!-- /result {number} -->";
            });
        Assert.Equal(10, Result().Count(page));
        if (Environment.GetEnvironmentVariable("UPDATE_README") == "1")
            await File.WriteAllTextAsync(Page, written);
        else
            Assert.Equal(written, page);
        Assert.DoesNotContain("\nno row\n", written, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_question_has_the_same_result_over_http() => await AskAgainAsync(WriteResponsesAsync);

    [Fact]
    public async Task Each_question_has_the_same_result_from_the_tables() => await AskAgainAsync(WriteTableAsync);

    /// <summary>Asks all questions over files that a test makes of each table.</summary>
    /// <param name="writeAsync">Writes the files of a table and gives what a query reads them with.</param>
    private async Task AskAgainAsync(Func<TestPipeline, string, DirectoryInfo, Task<string>> writeAsync)
    {
        var page = await File.ReadAllTextAsync(Page);
        var folder = Directory.CreateTempSubdirectory("pipeline-questions-");
        try
        {
            await using var pipeline = new TestPipeline(exports.Storage);
            var read = new Dictionary<string, string>();
            foreach (var table in Files().Matches(page).Select(match => match.Groups["name"].Value).Distinct())
            {
                if (!Views.ContainsKey(table))
                    read[table] = await writeAsync(pipeline, table, folder);
            }
            foreach (var (view, sql) in Views)
                read[view] = $"({Reading(sql)})";
            Assert.All(Enumerable.Range(1, 10).Select(number => $"{number}"), number =>
                Assert.Contains(
                    $"<!-- result {number} -->\n{Table(Reading(Sql(page, number)))}<!-- /result",
                    page,
                    StringComparison.Ordinal
                )
            );

            string Reading(string sql) => Files().Replace(sql, match => read[match.Groups["name"].Value]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The views that the questions read, from the figures: no table holds them.</summary>
    private static readonly Dictionary<string, string> Views = new()
    {
        ["trade_by_year"] = """
            select *, ExportsUsd - ImportsUsd as BalanceUsd from (
                select PartnerCode, Year,
                    sum(ValueUsd) filter (Flow = 'exports')::bigint as ExportsUsd,
                    sum(ValueUsd) filter (Flow = 'imports')::bigint as ImportsUsd,
                    count(*) filter (Flow = 'imports') as ImportMonths
                from 'exports/trademonthly.parquet' where Level = 'total' group by all)
            """,
        ["trade_latest"] = """
            select f.PartnerCode, f.Flow, f.Period, f.ValueUsd, b.ValueUsd as YearBeforeUsd,
                case when b.ValueUsd > 0 then 100.0 * (f.ValueUsd - b.ValueUsd) / b.ValueUsd end as ChangePercent
            from 'exports/trademonthly.parquet' f
            left join 'exports/trademonthly.parquet' b on b.PartitionKey = f.PartitionKey
                and b.Year = f.Year - 1 and b.Month = f.Month
            where f.Level = 'total'
            qualify row_number() over (partition by f.PartitionKey order by f.Period desc) = 1
            """,
    };

    /// <summary>Writes all responses of <c>/api/data/{table}?format=parquet</c>.</summary>
    private static async Task<string> WriteResponsesAsync(TestPipeline pipeline, string table, DirectoryInfo folder)
    {
        var files = folder.CreateSubdirectory(table);
        List<KeyValuePair<string, string>> asked = [new("format", "parquet"), new("limit", "5000")];
        for (var number = 0; number < 100; number++)
        {
            var query = pipeline.Get<DataQueryReader>().Read(table, asked);
            var page = await pipeline.Get<DataReader>().ReadAsync(query, CancellationToken.None);
            var response = await DataWriter.WriteAsync(page, $"/api/data/{table}", CancellationToken.None);
            await File.WriteAllBytesAsync(Path.Combine(files.FullName, $"{number:D2}.parquet"), response.Bytes);
            if (response.Next is null)
                return $"'{files.FullName}/*.parquet'";
            asked = [.. new Uri(new Uri("http://localhost"), response.Next).Query[1..].Split('&').Select(Parameter)];
        }
        throw new InvalidOperationException($"seen more than 100 responses for {table}");

        static KeyValuePair<string, string> Parameter(string text) =>
            new(text[..text.IndexOf('=')], Uri.UnescapeDataString(text[(text.IndexOf('=') + 1)..]));
    }

    /// <summary>Writes the rows of a table as a line of JSON each, as a client of tables gets them.</summary>
    private static async Task<string> WriteTableAsync(TestPipeline pipeline, string table, DirectoryInfo folder)
    {
        var columns = pipeline.Get<DataTables>()[table].Columns;
        var rows = (await pipeline.RowsAsync(table)).Select(row =>
            JsonSerializer.Serialize(columns.ToDictionary(column => column.Name, column => Number(row[column.Name])))
        );
        var file = Path.Combine(folder.FullName, $"{table}.json");
        await File.WriteAllLinesAsync(file, rows);
        return $"read_json('{file}', columns = {{{string.Join(", ", columns.Select(Declared))}}})";

        // A missing number is not a number in some columns of the tables.
        static object? Number(object? cell) => cell is double number && !double.IsFinite(number) ? null : cell;

        static string Declared(ColumnMeanings.Column column) =>
            $"\"{column.Name}\": '{column.Type switch
            {
                "Edm.Int64" => "BIGINT",
                "Edm.Int32" => "INTEGER",
                "Edm.Double" => "DOUBLE",
                "Edm.Boolean" => "BOOLEAN",
                "Edm.DateTime" => column.LogicalType == LogicalType.Date ? "DATE" : "TIMESTAMPTZ",
                _ => "VARCHAR",
            }}'";
    }

    private static string Sql(string page, string number)
    {
        var section = page[page.IndexOf($"\n## {number}. ", StringComparison.Ordinal)..];
        return SqlBlock()
            .Match(section)
            .Groups["sql"]
            .Value.Replace("'exports/", "'{exports}/", StringComparison.Ordinal);
    }

    private string Table(string sql)
    {
        var rows = exports.Rows(sql);
        if (rows.Count == 0)
            return "no row\n";
        var text = new StringBuilder();
        text.Append("| ").AppendJoin(" | ", rows[0].Keys).Append(" |\n|");
        foreach (var value in rows[0].Values)
            text.Append(value is string or DateOnly ? "---|" : "---:|");
        foreach (var row in rows)
            text.Append("\n| ").AppendJoin(" | ", row.Values.Select(Cell)).Append(" |");
        return text.Append('\n').ToString();
    }

    private static string Cell(object? value) =>
        value switch
        {
            null => "",
            int year => year.ToString(CultureInfo.InvariantCulture),
            long number => number.ToString("#,0", CultureInfo.InvariantCulture),
            DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };

    [GeneratedRegex("<!-- result (?<number>[0-9]+) -->\n.*?<!-- /result \\k<number> -->", RegexOptions.Singleline)]
    private static partial Regex Result();

    [GeneratedRegex("```sql\n(?<sql>.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex SqlBlock();

    [GeneratedRegex(@"'\{?exports\}?/(?<name>\w+)(?:/\*)?\.parquet'")]
    private static partial Regex Files();
}

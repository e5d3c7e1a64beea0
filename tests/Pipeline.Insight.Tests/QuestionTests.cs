using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Pipeline.Report.Data;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>
/// The questions of <c>docs/questions.md</c>: each query runs over the export files of the samples, its result is the
/// table below it, and the figures that it names are read over HTTP's reader as well. <c>UPDATE_README=1</c> writes the
/// tables.
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
    public async Task The_figures_over_http_and_of_the_tables_are_those_of_the_files()
    {
        var page = await File.ReadAllTextAsync(Page);
        var checks = Same().Matches(page);
        Assert.NotEmpty(checks);
        await using var pipeline = new TestPipeline(exports.Storage);
        foreach (Match check in checks)
        {
            var (table, column) = (check.Groups["table"].Value, check.Groups["column"].Value);
            var filters = check
                .Groups["query"]
                .Value.Split('&')
                .Select(part => part.Split('='))
                .Select(part => new KeyValuePair<string, string>(part[0], part[1]));
            var query = pipeline.Get<DataQueryReader>().Read(table, [.. filters]);
            var rows = (await pipeline.Get<DataReader>().ReadAsync(query, TestContext.Current.CancellationToken)).Rows;
            var expected = exports
                .Rows(Sql(page, check.Groups["number"].Value))
                .Single(row => $"{row.First().Value}" == check.Groups["row"].Value)[check.Groups["cell"].Value];
            var at = query.Table.Columns.ToList().FindIndex(one => one.Name == column);
            Assert.Equal(
                Convert.ToDecimal(expected, CultureInfo.InvariantCulture),
                rows.Sum(row => Convert.ToDecimal(row[at], CultureInfo.InvariantCulture))
            );
        }
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

    [GeneratedRegex(
        @"/result (?<number>[0-9]+) -->\n<!-- same: (?<table>\w+)\?(?<query>\S+) \| (?<column>\w+) \| (?<row>\S+) (?<cell>\w+) -->"
    )]
    private static partial Regex Same();
}

using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Report.Data;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>The recipes of <c>docs/data-guide.md</c> for DuckDB and pandas, over the files of the samples.</summary>
public sealed partial class RecipeTests(Exports exports) : IClassFixture<Exports>
{
    /// <summary>The day that the recipes ask for.</summary>
    private const string Day = "2024-12-31";

    private static readonly string Guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "data-guide.md"));

    /// <summary>
    /// Before both recordings of the imports of 2022, on the first one's day, between them, on the second one's day.
    /// </summary>
    public static TheoryData<string> Days { get; } = new("2024-08-14", "2024-08-15", Day, "2025-10-14", "2025-10-15");

    [Theory]
    [MemberData(nameof(Days))]
    public async Task As_of_a_day_in_sql_is_what_http_gives(string day)
    {
        var rows = exports.Query(Sql("## What a figure was on a day").Replace(Day, day, StringComparison.Ordinal));
        Assert.Equal(
            await AsOfAsync(day),
            rows.Select(row =>
                KeyValuePair.Create((string)row[0]!, Convert.ToInt64(row[1], CultureInfo.InvariantCulture))
            )
        );
    }

    [Theory]
    [MemberData(nameof(Days))]
    public async Task As_of_a_day_in_pandas_is_what_http_gives(string day)
    {
        var lines = await PythonAsync(
            Block("## What a figure was on a day", "python").Replace(Day, day, StringComparison.Ordinal)
        );
        Assert.Equal(
            await AsOfAsync(day),
            lines
                .Select(line => line.Split(' '))
                .Select(words => KeyValuePair.Create(words[0], long.Parse(words[1], CultureInfo.InvariantCulture)))
        );
    }

    [Fact]
    public void Csv_files_read_by_DuckDB_give_the_imports_of_the_Parquet_files()
    {
        var rows = exports.Query(Sql("## DuckDB"));
        Assert.Contains(rows, row => row[0] is "Europe" && row[1] is 2018L);
        Assert.Equal(
            exports.Query(
                """
                select nullif(d.Region, ''), f.Year::bigint, sum(f.ValueUsd)::bigint
                from '{exports}/trademonthly/*.parquet' f
                join '{exports}/partners.parquet' d on d.ScheduleC = f.PartnerCode
                where f.Flow = 'imports' and f.Level = 'total' group by all order by all
                """
            ),
            rows
        );
    }

    [Fact]
    public async Task Csv_files_read_by_pandas_give_the_trade_with_Namibia() =>
        Assert.Equal(
            exports.Query(
                """
                select Flow || ' ' || sum(ValueUsd) from '{exports}/trademonthly/2018.parquet'
                where PartnerIso2 = 'NA' and Level = 'total' group by Flow order by all
                """
            ),
            (await PythonAsync(Block("## Python", "python")))
                .Where(line => Flow().IsMatch(line))
                .Select(line => new object?[] { Spaces().Replace(line, " ") })
        );

    /// <summary>The imports from Russia as they were known on a day, by row key, over HTTP.</summary>
    private async Task<List<KeyValuePair<string, long>>> AsOfAsync(string day)
    {
        await using var pipeline = new TestPipeline(exports.Storage);
        var query = pipeline
            .Get<DataQueryReader>()
            .Read("trademonthly", [new("PartitionKey", "4621|imports|total"), new("asof", day), new("limit", "10000")]);
        var page = await pipeline.Get<DataReader>().ReadAsync(query, CancellationToken.None);
        var columns = page.Columns.Select(column => column.Name).ToList();
        var (key, value) = (columns.IndexOf("RowKey"), columns.IndexOf("ValueUsd"));
        return [.. page.Rows.Select(row => KeyValuePair.Create((string)row[key]!, (long)row[value]!))];
    }

    private static string Sql(string heading) =>
        Block(heading, "sql").Replace("'exports/", "'{exports}/", StringComparison.Ordinal);

    /// <summary>The first block of code in a language after a heading.</summary>
    private static string Block(string heading, string language)
    {
        var section = Guide[Guide.IndexOf($"\n{heading}\n", StringComparison.Ordinal)..];
        return Regex
            .Match(section, $"```{language}\n(.*?)\n```", RegexOptions.Singleline, TimeSpan.FromSeconds(5))
            .Groups[1]
            .Value;
    }

    /// <summary>The lines that a script prints; skips where there is no pandas.</summary>
    private async Task<string[]> PythonAsync(string script)
    {
        foreach (var python in (string[])["python3", "/usr/bin/python3"])
        {
            if ((await RunAsync(python, "import pandas")).Exit != 0)
                continue;
            var (exit, output, errors) = await RunAsync(python, script);
            Assert.True(exit == 0, errors);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        Assert.Skip("no python3 with pandas; on Debian: apt-get install python3-pandas");
        return [];
    }

    private async Task<(int Exit, string Output, string Errors)> RunAsync(string python, string script)
    {
        var start = new ProcessStartInfo(
            python,
            ["-c", script.Replace("exports/", $"{exports.Folder}/", StringComparison.Ordinal)]
        )
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, "", e.Message);
        }
        using (process)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
            try
            {
                var (output, errors) = (
                    process.StandardOutput.ReadToEndAsync(limit.Token),
                    process.StandardError.ReadToEndAsync(limit.Token)
                );
                await process.WaitForExitAsync(limit.Token);
                return (process.ExitCode, await output, await errors);
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
    }

    [GeneratedRegex("^(exports|imports) +[0-9]+$")]
    private static partial Regex Flow();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}

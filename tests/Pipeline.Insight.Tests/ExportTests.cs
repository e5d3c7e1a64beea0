using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>What analysts find in the export files of the samples.</summary>
public sealed partial class ExportTests(Exports exports) : IClassFixture<Exports>
{
    private static readonly string[] OneFile =
    [
        "claims",
        "commodities",
        "datasets",
        "fdi_latest",
        "fdiannual",
        "fdipartners",
        "gaps",
        "history",
        "holders",
        "indicators",
        "partners",
        "periods",
        "trade_by_year",
        "trade_latest",
    ];

    /// <summary>Names that Windows keeps for devices.</summary>
    [GeneratedRegex(@"(^|/)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|/|$)", RegexOptions.IgnoreCase)]
    private static partial Regex Reserved();

    [Fact]
    public void Each_table_is_there_in_each_format_and_trade_by_year()
    {
        var years = exports.Files.Where(file => file.StartsWith("trademonthly/", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            OneFile.SelectMany(table => (string[])[$"{table}.csv", $"{table}.parquet"]).Append("catalog.json").Order(),
            exports.Files.Except(years).Order()
        );
        Assert.Contains("trademonthly/2019.csv", years);
        Assert.All(years, file => Assert.Matches(@"^trademonthly/(19|20)\d\d\.(csv|parquet)$", file));
    }

    [Fact]
    public void Every_name_is_legal_on_windows_and_unlike_the_others_by_more_than_case()
    {
        Assert.All(exports.Files, file =>
        {
            Assert.Matches("^[a-z0-9_./]+$", file);
            Assert.All(file.Split('/'), part => Assert.False(part.EndsWith('.') || part.Length == 0, file));
            Assert.DoesNotMatch(Reserved(), file);
        });
        Assert.Equal(exports.Files.Count, exports.Files.Distinct(StringComparer.OrdinalIgnoreCase).Count());
    }

    [Fact]
    public void Parquet_and_csv_have_the_same_rows()
    {
        foreach (var table in OneFile.Append("trademonthly/*"))
        {
            var csv = exports.Value<long>($"select count(*) from read_csv('{{exports}}/{table}.csv', header=true)");
            Assert.Equal(csv, exports.Value<long>($"select count(*) from '{{exports}}/{table}.parquet'"));
        }
        Assert.True(exports.Value<long>("select count(*) from '{exports}/trademonthly/*.parquet'") > 10_000);
        Assert.Equal(8, exports.Value<long>("select count(*) from '{exports}/history.parquet'"));
    }

    [Theory]
    [InlineData("trademonthly/*", "ValueUsd", "BIGINT")]
    [InlineData("trademonthly/*", "PeriodStart", "DATE")]
    [InlineData("trademonthly/*", "Vintage", "TIMESTAMP WITH TIME ZONE")]
    [InlineData("trademonthly/*", "Month", "INTEGER")]
    [InlineData("trademonthly/*", "PartnerCode", "VARCHAR")]
    [InlineData("holders", "AsOf", "DATE")]
    [InlineData("holders", "SharePercent", "DOUBLE")]
    [InlineData("history", "InPolicy", "BOOLEAN")]
    [InlineData("periods", "LastDay", "DATE")]
    public void A_column_of_parquet_has_its_type(string table, string column, string type) =>
        Assert.Equal(
            type,
            exports.Value<string>(
                $"select column_type from (describe select * from '{{exports}}/{table}.parquet') "
                    + $"where column_name = '{column}'"
            )
        );

    [Fact]
    public void Least_and_greatest_values_in_parquet_are_those_of_the_column()
    {
        var timestamps = 0;
        foreach (var file in exports.Files.Where(file => file.EndsWith(".parquet", StringComparison.Ordinal)))
        {
            var columns = exports.Query(
                $"select column_name, column_type from (describe select * from '{{exports}}/{file}') "
                    + "where column_type in ('TIMESTAMP WITH TIME ZONE', 'DATE', 'BIGINT', 'INTEGER')"
            );
            foreach (var (name, type) in columns.Select(column => ($"{column[0]}", $"{column[1]}")))
            {
                Assert.Equal(
                    exports.Query($"select min(\"{name}\"), max(\"{name}\") from '{{exports}}/{file}'"),
                    exports.Query(
                        $"select min(stats_min_value::{type}), max(stats_max_value::{type}) "
                            + $"from parquet_metadata('{{exports}}/{file}') where path_in_schema = '{name}'"
                    )
                );
                timestamps += type.StartsWith("TIMESTAMP", StringComparison.Ordinal) ? 1 : 0;
            }
        }
        Assert.True(timestamps > 20);
    }

    [Fact]
    public void The_published_figures_are_those_of_the_files()
    {
        const string sum =
            "select sum(ValueUsd)::bigint from '{exports}/trademonthly/2018.parquet' where PartnerCode = '4621' and "
            + "Level = 'total' and Flow = ";
        Assert.Equal(6_658_080_414, exports.Value<long>(sum + "'exports'"));
        Assert.Equal(20_844_962_518, exports.Value<long>(sum + "'imports'"));
        Assert.Equal(
            [6_658_080_414L, 20_844_962_518L, 6_658_080_414L - 20_844_962_518L, 12, 12],
            Assert.Single(
                exports.Query(
                    "select ExportsUsd, ImportsUsd, BalanceUsd, ExportMonths, ImportMonths from "
                        + "'{exports}/trade_by_year.parquet' where PartnerCode = '4621' and Year = 2018"
                )
            )
        );
        // A missing number is null, not NaN.
        Assert.Equal(0, exports.Value<long>("select count(*) from '{exports}/holders.parquet' where isnan(Value)"));
        Assert.True(exports.Value<long>("select count(*) from '{exports}/holders.parquet' where Value is null") > 0);
    }

    [Fact]
    public void The_newest_month_of_a_partner_is_compared_with_the_year_before() =>
        Assert.Equal(
            exports.Query(
                """
                select f.PartnerCode, f.Flow, f.Period, f.ValueUsd, b.ValueUsd,
                    case when b.ValueUsd > 0 then round(100.0 * (f.ValueUsd - b.ValueUsd) / b.ValueUsd, 6) end
                from '{exports}/trademonthly/*.parquet' f
                left join '{exports}/trademonthly/*.parquet' b on b.PartitionKey = f.PartitionKey
                    and b.Year = f.Year - 1 and b.Month = f.Month
                where f.Level = 'total'
                qualify row_number() over (partition by f.PartitionKey order by f.Period desc) = 1
                order by all
                """
            ),
            exports.Query(
                "select PartnerCode, Flow, Period, ValueUsd, YearBeforeUsd, round(ChangePercent, 6) from "
                    + "'{exports}/trade_latest.parquet' order by all"
            )
        );

    [Theory]
    [InlineData("InwardFlow", "inward", "flow")]
    [InlineData("OutwardFlow", "outward", "flow")]
    [InlineData("InwardStock", "inward", "stock")]
    [InlineData("OutwardStock", "outward", "stock")]
    public void The_newest_year_of_an_economy_is_compared_with_the_year_before(
        string columns,
        string direction,
        string measure
    ) =>
        Assert.Equal(
            exports.Query(
                $$"""
                select f.EconomyCode, f.Year, f.ValueUsd, f.ValueUsd - b.ValueUsd
                from '{exports}/fdiannual.parquet' f
                left join '{exports}/fdiannual.parquet' b on b.PartitionKey = f.PartitionKey and b.Year = f.Year - 1
                where f.Direction = '{{direction}}' and f.Measure = '{{measure}}'
                qualify row_number() over (partition by f.PartitionKey order by f.Year desc) = 1
                order by all
                """
            ),
            exports.Query(
                $"select EconomyCode, {columns}Year, {columns}Usd, {columns}ChangeUsd from "
                    + $"'{{exports}}/fdi_latest.parquet' where {columns}Year is not null order by all"
            )
        );

    [Fact]
    public void The_catalog_is_a_data_package()
    {
        using var catalog = JsonDocument.Parse(exports.Catalog);
        var package = catalog.RootElement;
        Assert.Equal("data-package", package.GetProperty("profile").GetString());
        Assert.Matches("^[-a-z0-9._/]+$", package.GetProperty("name").GetString());
        Assert.Equal(
            ["census-trade", "moex-holders", "unctad-fdi"],
            package.GetProperty("marks").EnumerateObject().Select(mark => mark.Name)
        );
        var resources = exports.Resources();
        Assert.Equal(
            resources.Count,
            resources.Select(resource => resource.GetProperty("name").GetString()).Distinct().Count()
        );
        Assert.All(resources, IsResource);
        Assert.Equal(exports.Files.Where(file => file != "catalog.json").Order(), resources.SelectMany(Paths).Order());
        var value = resources
            .Single(resource => resource.GetProperty("name").GetString() == "trademonthly-parquet")
            .GetProperty("schema")
            .GetProperty("fields")
            .EnumerateArray()
            .Single(field => field.GetProperty("name").GetString() == "ValueUsd");
        Assert.Equal(
            ("integer", "US dollars", "The month's value in whole US dollars"),
            (
                value.GetProperty("type").GetString(),
                value.GetProperty("unit").GetString(),
                value.GetProperty("description").GetString()
            )
        );
    }

    /// <summary>
    /// The rules of data-resource, tabular-data-resource and table-schema of the specification version 1, as its JSON
    /// schemas state them.
    /// </summary>
    private void IsResource(JsonElement resource)
    {
        var name = resource.GetProperty("name").GetString()!;
        Assert.Matches("^[-a-z0-9._/]+$", name);
        Assert.NotEmpty(resource.GetProperty("title").GetString()!);
        var isCsv = resource.GetProperty("format").GetString() == "csv";
        Assert.Equal(isCsv ? "tabular-data-resource" : "data-resource", resource.GetProperty("profile").GetString());
        Assert.Matches("^[^/]+/[^/;]+$", resource.GetProperty("mediatype").GetString());
        Assert.Equal(isCsv, resource.TryGetProperty("encoding", out _));
        Assert.NotEmpty(Paths(resource));
        Assert.All(Paths(resource), path => Assert.Matches(@"^(?=^[^./~])(^((?!\.{2}).)*$).*$", path));
        var files = resource.GetProperty("files").EnumerateArray().ToList();
        Assert.Equal(Paths(resource), files.Select(file => file.GetProperty("path").GetString()!));
        Assert.All(files, file =>
        {
            var bytes = exports.Bytes(file.GetProperty("path").GetString()!);
            Assert.Equal(bytes.Length, file.GetProperty("bytes").GetInt64());
            Assert.Equal(
                "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)),
                file.GetProperty("hash").GetString()
            );
        });
        Assert.Equal(files.Sum(file => file.GetProperty("bytes").GetInt64()), resource.GetProperty("bytes").GetInt64());
        Assert.Equal(
            resource.GetProperty("path").ValueKind == JsonValueKind.String,
            resource.TryGetProperty("hash", out _)
        );
        Assert.NotEmpty(resource.GetProperty("licenses").EnumerateArray());
        Assert.All(resource.GetProperty("licenses").EnumerateArray(), licence =>
            Assert.True(licence.TryGetProperty("name", out _) || licence.TryGetProperty("path", out _), name)
        );
        Assert.NotEmpty(resource.GetProperty("sources").EnumerateArray());
        Assert.All(resource.GetProperty("sources").EnumerateArray(), source =>
        {
            Assert.NotEmpty(source.GetProperty("title").GetString()!);
            if (source.TryGetProperty("path", out var path))
                Assert.StartsWith("http", path.GetString(), StringComparison.Ordinal);
        });
        var fields = resource.GetProperty("schema").GetProperty("fields").EnumerateArray().ToList();
        Assert.All(fields, field =>
        {
            Assert.NotEmpty(field.GetProperty("description").GetString()!);
            Assert.Contains(
                field.GetProperty("type").GetString(),
                (string[])["string", "integer", "number", "boolean", "date", "datetime"]
            );
        });
        var columns = fields.Select(field => field.GetProperty("name").GetString()!).ToList();
        Assert.Equal(columns.Count, columns.Distinct().Count());
        var key = resource.GetProperty("schema").GetProperty("primaryKey").EnumerateArray().ToList();
        Assert.NotEmpty(key);
        Assert.All(key, column => Assert.Contains(column.GetString(), columns));
        if (isCsv)
            return;
        // The key is one, and the columns are those of the files.
        var from =
            "'{exports}/"
            + (Paths(resource) is [var only] ? only : $"{Path.GetDirectoryName(Paths(resource)[0])}/*.parquet")
            + "'";
        Assert.Equal(
            resource.GetProperty("rows").GetInt64(),
            exports.Value<long>(
                $"select count(distinct ({string.Join(", ", key.Select(part => part.GetString()))})) from {from}"
            )
        );
        Assert.Equal(
            columns,
            exports.Query($"select column_name from (describe select * from {from})").Select(row => row[0])
        );
    }

    private static List<string> Paths(JsonElement resource) =>
        resource.GetProperty("path") is { ValueKind: JsonValueKind.Array } list
            ? [.. list.EnumerateArray().Select(path => path.GetString()!)]
            : [resource.GetProperty("path").GetString()!];
}

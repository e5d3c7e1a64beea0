using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using Pipeline.Report.Data;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Report.Tests.Data;

/// <summary>The description of the addresses says what the tables have.</summary>
public sealed class OpenApiDocumentTests
{
    [Fact]
    public async Task Every_table_has_a_path_with_its_columns_and_words_and_a_schema_of_its_rows()
    {
        await using var pipeline = new TestPipeline(new MemoryStorage(new FakeTimeProvider()));
        var tables = pipeline.Get<DataTables>().All;
        using var document = JsonDocument.Parse(pipeline.Get<OpenApiDocument>().ToJson());
        var root = document.RootElement;
        Assert.Equal("3.0.3", root.GetProperty("openapi").GetString());
        Assert.Equal(
            [
                .. tables.Select(table => $"/data/{table.Name}"),
                "/figure/{table}/{partition}/{row}",
                "/check",
                "/feed.atom",
            ],
            root.GetProperty("paths").EnumerateObject().Select(path => path.Name)
        );
        foreach (var table in tables)
        {
            var names = root.GetProperty("paths")
                .GetProperty($"/data/{table.Name}")
                .GetProperty("get")
                .GetProperty("parameters")
                .EnumerateArray()
                .Select(parameter => parameter.GetProperty("name").GetString()!)
                .ToList();
            Assert.Equal(table.Columns.Select(column => column.Name), names.Take(table.Columns.Count));
            Assert.Equal(
                DataQueryReader.Names.Where(word =>
                    word switch
                    {
                        DataQueryReader.From or DataQueryReader.To => table.Period is not null,
                        DataQueryReader.AsOf => table.Facts is not null,
                        _ => true,
                    }
                ),
                names.Skip(table.Columns.Count)
            );
            Assert.Equal(
                table.Columns.Select(column => column.Name),
                root.GetProperty("components")
                    .GetProperty("schemas")
                    .GetProperty(table.Name)
                    .GetProperty("properties")
                    .EnumerateObject()
                    .Select(property => property.Name)
            );
        }
    }
}

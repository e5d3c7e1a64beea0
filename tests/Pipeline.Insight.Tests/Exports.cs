using System.Text.Json;
using DuckDB.NET.Data;
using Pipeline.Exports;
using Pipeline.Storage;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Insight.Tests;

/// <summary>The export files of all sources' samples, in a folder of this machine.</summary>
public sealed class Exports : IAsyncLifetime
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("pipeline-exports-");
    private readonly DuckDBConnection database = new("DataSource=:memory:");

    /// <summary>The tables that the files were made of.</summary>
    internal MemoryStorage Storage { get; } = new(TimeProvider.System);

    /// <summary>The folder of the files.</summary>
    public string Folder => folder.FullName;

    /// <summary>The names of all files, with <c>/</c> between folder and file.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>The catalog as text.</summary>
    public string Catalog => File.ReadAllText(Path.Combine(folder.FullName, ExportCatalog.BlobName));

    /// <summary>The bytes of a file.</summary>
    public byte[] Bytes(string file) => File.ReadAllBytes(Path.Combine(folder.FullName, file));

    /// <summary>
    /// Runs a query; <c>{exports}</c> is the folder of the files, for example <c>{exports}/gaps.csv</c>.
    /// </summary>
    public List<object?[]> Query(string sql) => Read(sql).Rows;

    /// <summary>The rows of a query, by the names of their columns, which differ.</summary>
    public List<Dictionary<string, object?>> Rows(string sql)
    {
        var (columns, rows) = Read(sql);
        return [.. rows.Select(row => columns.Zip(row).ToDictionary(cell => cell.First, cell => cell.Second))];
    }

    private (string[] Columns, List<object?[]> Rows) Read(string sql)
    {
        using var command = database.CreateCommand();
        command.CommandText = sql.Replace("{exports}", folder.FullName, StringComparison.Ordinal);
        using var reader = command.ExecuteReader();
        var columns = Enumerable.Range(0, reader.FieldCount);
        var rows = new List<object?[]>();
        while (reader.Read())
        {
            rows.Add([.. columns.Select(at => reader.IsDBNull(at) ? null : reader.GetValue(at))]);
        }
        return ([.. columns.Select(reader.GetName)], rows);
    }

    /// <summary>A query's single value.</summary>
    public T Value<T>(string sql) => Assert.IsType<T>(Assert.Single(Assert.Single(Query(sql))));

    public async ValueTask InitializeAsync()
    {
        await database.OpenAsync();
        foreach (var source in (string[])["census-trade", "unctad-fdi", "moex-holders"])
        {
            await using var pipeline = new TestPipeline(Storage, [new(TestPipeline.Planned, source)]);
            await pipeline.RunAsync();
            var container = pipeline.Get<StorageAccount>().Blobs.GetBlobContainerClient(Names.ExportsContainer);
            var files = new List<string>();
            await foreach (var blob in container.GetBlobsAsync())
            {
                var path = Path.Combine(folder.FullName, blob.Name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await container.GetBlobClient(blob.Name).DownloadToAsync(path);
                files.Add(blob.Name);
            }
            Files = files;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        folder.Delete(recursive: true);
    }

    /// <summary>The resources of the catalog.</summary>
    internal List<JsonElement> Resources()
    {
        using var catalog = JsonDocument.Parse(Catalog);
        return [.. catalog.RootElement.GetProperty("resources").EnumerateArray().Select(entry => entry.Clone())];
    }
}

using System.Diagnostics;
using Pipeline.Runs;
using Pipeline.Slices;
using Pipeline.Testing;
using Pipeline.Testing.Storage;
using Xunit;

namespace Pipeline.Sources.Tests.Unctad;

/// <summary>
/// A release as it was published, packed by the 7z program. Neither is part of the repository: where one is
/// missing, this test is skipped.
/// </summary>
public sealed class RecordedTests
{
    private const string Name = "US_FdiFlowsStock_2025.csv";

    private static string? Find()
    {
        for (var folder = new DirectoryInfo(Repository.Root).Parent; folder is not null; folder = folder.Parent)
        {
            if (Path.Combine(folder.FullName, "shared", "data", "unctad", Name) is var path && File.Exists(path))
                return path;
        }

        return null;
    }

    private static byte[]? Pack(string csv)
    {
        var folder = Directory.CreateTempSubdirectory("unctad");
        try
        {
            File.Copy(csv, Path.Combine(folder.FullName, "US_FdiFlowsStock.csv"));
            var start = new ProcessStartInfo("7z", ["a", "-m0=lzma2", "out.7z", "US_FdiFlowsStock.csv"])
            {
                WorkingDirectory = folder.FullName,
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? File.ReadAllBytes(Path.Combine(folder.FullName, "out.7z")) : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_published_release_is_loaded_as_a_whole_without_a_reject()
    {
        Assert.SkipUnless(Find() is not null, $"{Name} is not in ../shared/data/unctad");
        var archive = Pack(Find()!);
        Assert.SkipUnless(archive is not null, "there is no program 7z");
        await using var server = await UnctadServer.StartAsync();
        server.Release("2025-09-01T06:17:00");
        server.Put(UnctadServer.Bulk, archive, "application/x-7z-compressed");
        await using var pipeline = new TestPipeline(
            new MemoryStorage(TimeProvider.System),
            settings: LiveTests.Settings(server)
        );

        await pipeline.RunAsync();

        var run = Assert.Single(await pipeline.RowsAsync("runs"), row => row.GetString("Slice") == Fdi.FlowsStock.Id);
        Assert.Equal(("Done", "", ""), (run.GetString("State"), run.GetString("Error"), run.GetString("Notes")));
        var counts = await pipeline.LedgerAsync();
        // 9,626 rows of 69 groups, and 1,660 of economies with a reason instead of a value.
        Assert.Equal(new RowCounts(34_952, 23_666, 0, 0, 9_626, 1_660, 0), counts);
        var slice = await pipeline.Get<SliceBook>().GetAsync(Fdi.FlowsStock, CancellationToken.None);
        Assert.Equal(
            (SliceState.Published, "2025-09-01T06:17:00", 23_666),
            (slice.State, slice.LastModified, slice.Loaded!.Rows)
        );
        var russia = await pipeline.RowsAsync("fdiannual", "PartitionKey eq '643|inward|flow'");
        Assert.Equal(3_346_320_000, russia.Single(row => row.RowKey == "2024").GetInt64("ValueUsd"));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Pipeline.Testing;
using Xunit;

namespace Pipeline.Sources.Tests.Cases;

/// <summary>The release of 2025 as it was published, its other forms, and what may go wrong with it.</summary>
internal sealed class RealRelease
{
    private const int Year = 0,
        Code = 1,
        Label = 2,
        Flow = 4,
        Direction = 6,
        Value = 7,
        Missing = 9;

    private readonly string header;
    private readonly List<string[]> rows;

    private RealRelease(string header, List<string[]> rows) => (this.header, this.rows) = (header, rows);

    /// <summary>Reads the release; skips the test where it is not there.</summary>
    public static RealRelease Read()
    {
        var lines = Encoding.UTF8.GetString(RealData.Read("unctad/US_FdiFlowsStock_2025.csv")).Split('\n');
        return new RealRelease(
            lines[0].TrimEnd('\r'),
            [.. lines.Skip(1).Where(line => line.Length > 0).Select(line => DataCentre.CellsOf(line.TrimEnd('\r')))]
        );
    }

    /// <summary>The table as UTF-8.</summary>
    public byte[] Bytes() =>
        Encoding.UTF8.GetBytes($"{header}\n{string.Concat(rows.Select(row => $"{string.Join(',', row)}\n"))}");

    /// <summary>The release with one fault.</summary>
    public RealRelease With(string fault) =>
        new(
            header,
            fault switch
            {
                "a year shifted by a column" => [.. rows.Select(row => row[Year] == "2010" ? ByColumn(row) : row)],
                "a year shifted by a year" => ByYear("2010", "2011"),
                "two economies swapped" => [.. rows.Select(Swapped)],
                _ => [.. rows.Select(row => Times(row, decimal.Parse(fault[2..], CultureInfo.InvariantCulture)))],
            }
        );

    /// <summary>The release with each row times a factor of its own.</summary>
    public RealRelease Scaled(Func<string[], decimal> factor) =>
        new(header, [.. rows.Select(row => Times(row, factor(row)))]);

    /// <summary>The four exports of the data centre, by name: labels, no codes, whole millions, CRLF.</summary>
    public Dictionary<string, string> Exports()
    {
        const string Columns =
            "Economy_Label,Year,US_at_current_prices_in_millions_Value,US_at_current_prices_Footnote,"
            + "US_at_current_prices_MissingValue";
        return rows.GroupBy(row => $"{row[Direction]}-{row[Flow]}".Replace("\"", "").ToLowerInvariant())
            .ToDictionary(
                part => $"US_FdiFlowsStock.{part.Key}.csv",
                part =>
                    $"{Columns}\r\n"
                    + string.Concat(
                        part.Select(row => $"{row[Label]},{row[Year]},{Whole(row[Value])},,{row[Missing]}\r\n")
                    )
            );
    }

    /// <summary>The archive as the publisher packs it; skips the test where no program can.</summary>
    public byte[] Archive()
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            File.WriteAllBytes(Path.Combine(folder.FullName, "US_FdiFlowsStock.csv"), Bytes());
            var start = new ProcessStartInfo("7z", "a -bso0 -bsp0 US_FdiFlowsStock.7z US_FdiFlowsStock.csv")
            {
                WorkingDirectory = folder.FullName,
            };
            try
            {
                using var packing = Process.Start(start)!;
                packing.WaitForExit();
                Assert.Equal(0, packing.ExitCode);
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Assert.Skip("7z is not installed");
            }
            return File.ReadAllBytes(Path.Combine(folder.FullName, "US_FdiFlowsStock.7z"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Whole(string value) =>
        value.Length == 0
            ? ""
            : Math.Round(decimal.Parse(value, NumberStyles.Float, CultureInfo.InvariantCulture))
                .ToString("0", CultureInfo.InvariantCulture);

    private static string[] ByColumn(string[] row) => [.. row[..Value], "", .. row[Value..^1]];

    /// <summary>The rows of one year are those of another: its sums are right.</summary>
    private List<string[]> ByYear(string year, string other) =>
        [
            .. rows.Where(row => row[Year] != year),
            .. rows.Where(row => row[Year] == other).Select(row => (string[])[year, .. row[Code..]]),
        ];

    /// <summary>The United States and Kyrgyzstan.</summary>
    private static string[] Swapped(string[] row) =>
        row[Code] switch
        {
            "840" => [row[Year], "417", .. row[Label..]],
            "417" => [row[Year], "840", .. row[Label..]],
            _ => row,
        };

    private static string[] Times(string[] row, decimal factor)
    {
        if (row[Value].Length == 0)
            return row;
        var value = decimal.Parse(row[Value], NumberStyles.Float, CultureInfo.InvariantCulture) * factor;
        return [.. row[..Value], value.ToString("0.######", CultureInfo.InvariantCulture), .. row[(Value + 1)..]];
    }
}

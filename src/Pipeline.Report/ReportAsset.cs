using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Report;

/// <summary>A file that the page needs. It holds no figures, so that every caller may have it.</summary>
/// <param name="Name">Its name below <c>/api/report/</c>.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Bytes">What it holds.</param>
public sealed record ReportAsset(string Name, string ContentType, byte[] Bytes)
{
    /// <summary>uPlot's style sheet and the page's own.</summary>
    public static ReportAsset Styles { get; } =
        Bundle("report.css", "text/css; charset=utf-8", "uPlot.css", "report.css");

    /// <summary>uPlot and what draws the charts from the tables.</summary>
    public static ReportAsset Script { get; } =
        Bundle("report.js", "text/javascript; charset=utf-8", "uPlot.js", "report.js");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ReportAsset> All { get; } = [Styles, Script];

    /// <summary>
    /// Stands for the content: the address changes with it, so that a browser may keep the file for ever.
    /// </summary>
    public string Version { get; } = Convert.ToHexStringLower(SHA256.HashData(Bytes))[..12];

    /// <summary>The address relative to the page.</summary>
    public string Address => $"report/{Name}?v={Version}";

    /// <summary>Files one after the other, with the license of the foreign one in front.</summary>
    private static ReportAsset Bundle(string name, string contentType, params string[] parts) =>
        new(
            name,
            contentType,
            Encoding.UTF8.GetBytes(
                $"/*! uPlot {Read("uPlot.LICENSE").Trim()} */\n{string.Join("\n", parts.Select(Read))}"
            )
        );

    private static string Read(string part)
    {
        using var reader = new StreamReader(
            typeof(ReportAsset).Assembly.GetManifestResourceStream($"report/{part}")!,
            Encoding.UTF8
        );
        return reader.ReadToEnd();
    }
}

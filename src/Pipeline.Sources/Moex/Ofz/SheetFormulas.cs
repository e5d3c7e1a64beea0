using System.IO.Compression;
using System.Xml;
using Pipeline.Issues;
using Pipeline.Sources.Formats;

namespace Pipeline.Sources.Moex.Ofz;

/// <summary>
/// Looks for cells of a workbook that are computed: what such a cell shows was worked out by some program at some time,
/// perhaps of cells that have changed since. A table that is published as figures has none.
/// </summary>
internal static class SheetFormulas
{
    /// <summary>The first formula of any sheet; null when there is none.</summary>
    /// <param name="body">The workbook, whose unpacked size has been looked at.</param>
    /// <param name="advice">What to do when there is one.</param>
    public static Finding? Find(Stream body, string advice)
    {
        try
        {
            body.Position = 0;
            using var zip = new ZipArchive(body, ZipArchiveMode.Read, leaveOpen: true);
            foreach (var part in zip.Entries.Where(IsPart))
            {
                if (Find(part, advice) is { } finding)
                    return finding;
            }

            return null;
        }
        catch (Exception e) when (Workbook.IsBroken(e))
        {
            return Workbook.Broken("workbook", e, advice);
        }
    }

    /// <summary>A sheet may stand anywhere in the workbook: its root element tells.</summary>
    private static bool IsPart(ZipArchiveEntry part) =>
        part.FullName.EndsWith(".xml", StringComparison.OrdinalIgnoreCase);

    private static Finding? Find(ZipArchiveEntry part, string advice)
    {
        using var stream = part.Open();
        using var xml = XmlReader.Create(
            stream,
            new XmlReaderSettings
            {
                DtdProcessing = DtdProcessing.Prohibit,
                XmlResolver = null,
                MaxCharactersInDocument = Workbook.MaxUnpacked,
            }
        );
        var cell = "";
        while (xml.Read())
        {
            if (xml.NodeType != XmlNodeType.Element)
                continue;
            if (xml.Depth == 0 && xml.LocalName != "worksheet")
                return null;
            if (xml.LocalName == "c")
            {
                cell = xml.GetAttribute("r") ?? "";
            }
            else if (xml.LocalName == "f")
            {
                return new Finding(
                    $"{part.Name}, cell {(cell.Length is > 0 and <= 12 ? cell : "without address")}",
                    "a formula",
                    "a value",
                    advice
                );
            }
        }
        return null;
    }
}

using System.IO.Compression;
using System.Text;
using ExcelDataReader;
using ExcelDataReader.Exceptions;
using Pipeline.Issues;

namespace Pipeline.Sources.Formats;

/// <summary>
/// Opens xlsx workbooks from outside: size and number of parts are looked at before anything is unpacked, and
/// what is wrong comes as a finding.
/// </summary>
/// <remarks>Document types and external entities end in an error of the XML reader, which prohibits both.</remarks>
internal static class Workbook
{
    /// <summary>The unpacked size above which a workbook is refused, in bytes.</summary>
    public const long MaxUnpacked = 64L << 20;

    /// <summary>The most files a workbook may have inside; real ones have about a dozen.</summary>
    public const int MaxParts = 200;

    // ExcelDataReader asks for code page 1252 by name.
    static Workbook() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>Opens a workbook; the stream stays open.</summary>
    /// <param name="body">The workbook; it must be able to seek.</param>
    /// <param name="advice">What to do when it cannot be read.</param>
    public static (IExcelDataReader? Excel, Finding? Finding) Open(Stream body, string advice)
    {
        if (Unsafe(body, advice) is { } finding)
            return (null, finding);
        try
        {
            body.Position = 0;
            return (
                ExcelReaderFactory.CreateOpenXmlReader(body, new ExcelReaderConfiguration { LeaveOpen = true }),
                null
            );
        }
        catch (Exception e) when (IsBroken(e))
        {
            return (null, Broken("workbook", e, advice));
        }
    }

    /// <summary>
    /// Whether an exception of the library means that the workbook cannot be read; it says so in many ways.
    /// </summary>
    public static bool IsBroken(Exception e) =>
        e
            is ExcelReaderException
                or InvalidDataException
                or System.Xml.XmlException
                or FormatException
                or IndexOutOfRangeException
                or ArgumentException
                or NullReferenceException
                or InvalidOperationException
                or IOException
                or OverflowException
                or NotSupportedException
                or KeyNotFoundException
                or InvalidCastException;

    /// <summary>The finding for such an exception.</summary>
    public static Finding Broken(string where, Exception e, string advice) =>
        new(where, Finding.Quote(e.Message), "a readable xlsx workbook", advice);

    /// <summary>Looks at the archive's directory before anything is unpacked.</summary>
    private static Finding? Unsafe(Stream body, string advice)
    {
        try
        {
            using var zip = new ZipArchive(body, ZipArchiveMode.Read, leaveOpen: true);
            if (zip.Entries.Count > MaxParts)
                return new Finding("workbook", $"{zip.Entries.Count} parts", $"at most {MaxParts}", advice);
            var unpacked = zip.Entries.Sum(entry => entry.Length);
            return unpacked > MaxUnpacked
                ? new Finding("workbook", $"{unpacked} bytes when unpacked", $"at most {MaxUnpacked}", advice)
                : null;
        }
        catch (Exception e) when (IsBroken(e))
        {
            return Broken("workbook", e, advice);
        }
    }
}

using Pipeline.Issues;

namespace Pipeline.Sources.Unctad.SevenZip;

/// <summary>
/// The archive is not one that can be read. Thrown by the member's stream, where a finding cannot be
/// returned.
/// </summary>
internal sealed class SevenZipException : IOException
{
    private const string Advice =
        "the body is kept; fetch the file again, or drop the unpacked CSV into the container curated";

    internal SevenZipException(string where, string seen, string expected, Exception? cause = null)
        : this(new Finding($"7z {where}", seen, expected, Advice), cause) { }

    private SevenZipException(Finding finding, Exception? cause)
        : base(finding.ToString(), cause) => Finding = finding;

    /// <summary>Where, what was seen, what was expected, what to do.</summary>
    public Finding Finding { get; }
}

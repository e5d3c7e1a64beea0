using Pipeline.Issues;
using Pipeline.Sources.Unctad.SevenZip;

namespace Pipeline.Sources.Unctad.FlowsStock;

/// <summary>
/// The CSV text of a body: the body itself, or the one member of a 7z archive. The first bytes tell, not the
/// name.
/// </summary>
internal static class FdiText
{
    private const string Member = FdiBody.FileName;

    /// <summary>The archive's table of contents has about 200 bytes.</summary>
    private static readonly SevenZipLimits Limits = new(UnctadRequests.MaxBody, UnctadRequests.MaxBody, 64 << 10);

    /// <summary>Opens the text.</summary>
    /// <param name="body">The body, seekable; it stays the caller's.</param>
    /// <param name="finding">Why it is refused; null when it is not.</param>
    public static Stream? Open(Stream body, out Finding? finding)
    {
        var start = new byte[UnctadAnswers.ArchiveSignature.Length];
        body.Position = 0;
        var length = body.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        body.Position = 0;
        finding = null;
        // Two bytes are enough to know what was meant: the archive's reader says what is wrong with the others.
        if (!start.AsSpan(0, length).StartsWith(UnctadAnswers.ArchiveSignature[..2]))
            return body;
        if (SevenZipArchive.Open(body, Limits, out finding) is not { } archive)
            return null;
        if (string.Equals(archive.Name, Member, StringComparison.OrdinalIgnoreCase))
            return archive.OpenMember();
        finding = new Finding(
            "7z table of contents",
            $"a member named {Finding.Quote(archive.Name)}",
            Member,
            "the body is kept and the table keeps the old vintage; if the publisher has renamed it, adapt the "
                + "reader, then replay"
        );
        return null;
    }
}

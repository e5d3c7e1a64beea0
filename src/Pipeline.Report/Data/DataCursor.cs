using System.Buffers.Text;
using System.IO.Hashing;
using System.Text;

namespace Pipeline.Report.Data;

/// <summary>Where a response ended. It goes to the caller and comes back as text.</summary>
/// <remarks>
/// The text carries a checksum over itself and the query, so that a damaged one, or one of another query, is told
/// apart from a good one. It is no secret: a caller that makes one can only ask for rows that the key gives access to
/// anyway.
/// </remarks>
/// <param name="Read">The read that goes on, see <see cref="DataQuery.Reads"/>; the first is 0.</param>
/// <param name="Token">The service's own mark in that read; empty at its beginning.</param>
public sealed record DataCursor(int Read, string Token)
{
    /// <summary>The longest text of a cursor: two keys of 1 KiB, which the service writes longer.</summary>
    private const int Longest = 8192;

    /// <summary>The cursor as text that an address can hold.</summary>
    /// <param name="fingerprint">Stands for the query.</param>
    public string Write(string fingerprint)
    {
        var text = FormattableString.Invariant($"{Read} {Token}");
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes($"{Checksum(fingerprint, text)} {text}"));
    }

    /// <summary>Reads a cursor; null if the text is none of this query.</summary>
    /// <param name="text">The text.</param>
    /// <param name="fingerprint">Stands for the query.</param>
    public static DataCursor? Parse(string text, string fingerprint)
    {
        if (text.Length > Longest || !Base64Url.IsValid(text))
            return null;
        var parts = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split(' ', 3);
        return
            parts is [var checksum, var read, var token]
            && checksum == Checksum(fingerprint, $"{read} {token}")
            && int.TryParse(read, System.Globalization.CultureInfo.InvariantCulture, out var number)
            && number >= 0
            ? new DataCursor(number, token)
            : null;
    }

    private static string Checksum(string fingerprint, string text) =>
        Convert.ToHexStringLower(XxHash64.Hash(Encoding.UTF8.GetBytes($"{fingerprint}\n{text}")));
}

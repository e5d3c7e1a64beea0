using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Pipeline.Slices;

namespace Pipeline.Storage;

/// <summary>
/// The name of a raw body, <c>{source}/{dataset}/{slice}/{yyyyMMddTHHmmssZ}-{sha12}.{ext}</c>. It says all that
/// identifies a run: the slice, when the body was fetched, and which body it is.
/// </summary>
/// <param name="Slice">The slice.</param>
/// <param name="Vintage">When the body was fetched; whole seconds, UTC.</param>
/// <param name="Sha12">The first 12 hexadecimal digits of the body's SHA-256.</param>
/// <param name="Extension">The file name extension without the dot.</param>
public sealed record RawName(Slice Slice, DateTimeOffset Vintage, string Sha12, string Extension)
{
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>The blob's name in the container <c>raw</c>.</summary>
    public string Blob =>
        $"{Slice.Id}/{Vintage.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}-{Sha12}.{Extension}";

    /// <summary>
    /// The run that works on this body. Derived, not drawn: a process that continues the work after a crash continues
    /// the same run, and counts the rows that run had written already as its own.
    /// </summary>
    public string RunId => RunIdOf(Slice, Vintage, Sha12);

    /// <summary>The run id of a pull that brought no body.</summary>
    public static string RunIdOf(Slice slice, DateTimeOffset at, string sha12 = "") =>
        $"{at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}"
        + $"-{XxHash64.HashToUInt64(Encoding.UTF8.GetBytes($"{slice.Id}|{sha12}")):x16}";

    /// <summary>Reads a blob name; false when it has another form.</summary>
    public static bool TryParse(string? blob, out RawName name)
    {
        name = null!;
        if (blob is null)
            return false;
        var cut = blob.LastIndexOf('/');
        if (cut < 0 || !Slice.TryParse(blob[..cut], out var slice))
            return false;
        var file = blob[(cut + 1)..];
        var dot = file.IndexOf('.', StringComparison.Ordinal);
        var dash = file.IndexOf('-', StringComparison.Ordinal);
        if (dash < 0 || dot != dash + 13 || dot == file.Length - 1)
            return false;
        if (
            !DateTimeOffset.TryParseExact(
                file[..dash],
                TimeFormat,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var vintage
            )
        )
        {
            return false;
        }

        var sha = file[(dash + 1)..dot];
        var extension = file[(dot + 1)..];
        if (
            !sha.All(char.IsAsciiHexDigitLower)
            || !extension.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c))
        )
        {
            return false;
        }

        name = new RawName(slice, vintage, sha, extension);
        return true;
    }
}

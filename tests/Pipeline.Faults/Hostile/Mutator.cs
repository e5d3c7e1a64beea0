using System.IO.Compression;
using System.Text;

namespace Pipeline.Faults.Hostile;

/// <summary>
/// Spoils bytes by a seed: flips, cuts, doubles, and texts that parsers stumble over. Each input has a seed of
/// its own, so that it can be made again without those before it.
/// </summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Nasty =
    [
        "\"",
        "\"\"",
        "'",
        ",",
        "\n",
        "\r\n",
        "\0",
        "[",
        "]",
        "{",
        "}",
        "[[[[[[[[[[",
        "]]",
        "null",
        "true",
        "-1",
        "1e999",
        "99999999999999999999999999",
        "0x10",
        "NaN",
        "\uFEFF",
        "\u202E",
        "é",
        "𝔘",
        "..",
        "../../etc/passwd",
        "%2e%2e%2f",
        "/",
        "\\",
        "#",
        "?",
        "|",
        "' or 1 eq 1 or PartitionKey ne '",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "&lt;",
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]>",
        "&b;",
        "\\u0000",
        "\\ud800",
        "2019-13",
        "0000-00-00",
        "4621",
        "-",
    ];

    private readonly Random random = new(seed);

    public byte[] Next(byte[] body)
    {
        var result = (byte[])body.Clone();
        for (var times = 1 + random.Next(3); times > 0 && result.Length > 0; times--)
        {
            var (at, length) = (random.Next(result.Length), 1 + random.Next(Math.Min(64, result.Length)));
            switch (random.Next(8))
            {
                case 0 or 1:
                    result[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 2:
                    result = [.. result[..at], .. result[Math.Min(result.Length, at + length)..]];
                    break;
                case 3:
                    result = [.. result[..at], .. result[at..Math.Min(result.Length, at + length)], .. result[at..]];
                    break;
                case 4:
                    result = result[..at];
                    break;
                case 5:
                    random.NextBytes(result.AsSpan(at, Math.Min(4, result.Length - at)));
                    break;
                default:
                    result =
                    [
                        .. result[..at],
                        .. Encoding.UTF8.GetBytes(Nasty[random.Next(Nasty.Length)]),
                        .. result[at..],
                    ];
                    break;
            }
        }
        return result;
    }

    /// <summary>Spoils a part of a workbook before it is packed, so that the packing itself stays good.</summary>
    public byte[] NextInside(byte[] workbook)
    {
        using var file = new MemoryStream();
        file.Write(workbook);
        using (var zip = new ZipArchive(file, ZipArchiveMode.Update, leaveOpen: true))
        {
            var parts = zip.Entries.Where(entry => entry.Length > 0).ToList();
            var part = parts[random.Next(parts.Count)];
            using var stream = part.Open();
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            var spoilt = Next(copy.ToArray());
            stream.SetLength(0);
            stream.Write(spoilt);
        }
        return file.ToArray();
    }
}

using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Sources.Unctad;

/// <summary>
/// A table that people have saved again: in UTF-16, in the code page of a spreadsheet, or with semicolons and decimal
/// commas. It is read as what it is where that is certain; otherwise the reader says which of them it met. Nothing
/// holds the text as a whole.
/// </summary>
/// <param name="Text">The text in UTF-8.</param>
/// <param name="Separator">What stands between the columns.</param>
internal sealed record HandCopy(Stream Text, byte Separator)
{
    /// <summary>The first line of a table is within so many bytes.</summary>
    private const int Opening = 4096;

    /// <summary>Whether amounts have a decimal comma: that goes with semicolons.</summary>
    public bool HasDecimalComma => Separator == (byte)';';

    /// <summary>Opens a text; one in UTF-8 is passed on as it is.</summary>
    /// <param name="body">The text; where it can seek, it may be in another encoding.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    public static async Task<HandCopy> OpenAsync(Stream body, CancellationToken cancellationToken)
    {
        if (!body.CanSeek)
            return new HandCopy(body, (byte)',');
        var start = body.Position;
        var opening = new byte[Opening];
        var length = await body.ReadAtLeastAsync(opening, opening.Length, throwOnEndOfStream: false, cancellationToken);
        body.Position = start;
        Encoding? encoding = null;
        if (opening.AsSpan(0, length).StartsWith(Encoding.Unicode.Preamble))
            encoding = Encoding.Unicode;
        else if (opening.AsSpan(0, length).StartsWith(Encoding.BigEndianUnicode.Preamble))
            encoding = Encoding.BigEndianUnicode;
        else if (!await IsUtf8Async(body, cancellationToken) && await IsCodePageAsync(body, start, cancellationToken))
            encoding = CodePage;
        body.Position = start;
        if (encoding is not null)
        {
            // A mark before the text is no part of it; a code page has none.
            body.Position = start + encoding.Preamble.Length;
            var text = Encoding.CreateTranscodingStream(body, encoding, Encoding.UTF8, leaveOpen: true);
            var first = encoding.GetString(opening, encoding.Preamble.Length, length - encoding.Preamble.Length);
            return new HandCopy(text, SeparatorOf(Encoding.UTF8.GetBytes(first)));
        }
        return new HandCopy(body, SeparatorOf(opening.AsSpan(0, length)));
    }

    /// <summary>The code page that spreadsheets save in, in western Europe and America.</summary>
    private static Encoding CodePage
    {
        get
        {
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            return Encoding.GetEncoding(1252);
        }
    }

    /// <summary>
    /// The separator of the first line that is no mark of a part: semicolons only where there is no comma.
    /// </summary>
    private static byte SeparatorOf(ReadOnlySpan<byte> text)
    {
        foreach (var range in text.Split((byte)'\n'))
        {
            var line = text[range];
            if (line.StartsWith("#part"u8) || line.Trim("\r "u8).IsEmpty)
                continue;
            return line.Contains((byte)';') && !line.Contains((byte)',') ? (byte)';' : (byte)',';
        }
        return (byte)',';
    }

    private static async Task<bool> IsUtf8Async(Stream body, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int held = 0,
                count;
            while ((count = await body.ReadAsync(buffer.AsMemory(held), cancellationToken)) > 0)
            {
                var bytes = buffer.AsSpan(0, held + count);
                // What is cut in two at the end of the buffer waits for the next part.
                var whole = bytes.Length;
                for (var back = 1; back <= Math.Min(3, bytes.Length); back++)
                {
                    if (bytes[^back] >= 0xC0)
                    {
                        whole = bytes.Length - back;
                        break;
                    }
                }

                if (!Utf8.IsValid(bytes[..whole]))
                    return false;
                held = bytes.Length - whole;
                bytes[whole..].CopyTo(buffer);
            }
            return Utf8.IsValid(buffer.AsSpan(0, held));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Whether every label with a sign beyond ASCII is one that the program knows, once it is read in the code page.
    /// </summary>
    private static async Task<bool> IsCodePageAsync(Stream body, long start, CancellationToken cancellationToken)
    {
        body.Position = start;
        using var reader = new StreamReader(body, CodePage, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.All(char.IsAscii))
                continue;
            // What stands in quotes is one label, whatever signs it has, or a row as a whole.
            var quoted = line.Split('"');
            for (var at = 0; at < quoted.Length; at++)
            {
                if (at % 2 == 1 && EconomyLabels.Find(quoted[at]) is not null)
                    continue;
                var cells = quoted[at].Split(';', ',');
                if (cells.Any(cell => !cell.All(char.IsAscii) && EconomyLabels.Find(cell) is null))
                    return false;
            }
        }
        return true;
    }
}

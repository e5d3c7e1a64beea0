using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Sources.Formats;

/// <summary>
/// A table that people have saved again: in UTF-16, in the code page of a spreadsheet, with lines ended by CR alone,
/// with semicolons and decimal commas, or with a first line such as <c>sep=;</c>. It is read as what it is where that
/// is certain; otherwise the reader says which of them it met. Nothing holds the text as a whole.
/// </summary>
/// <param name="Text">The text in UTF-8, without its byte order mark and without the line <c>sep=</c>.</param>
/// <param name="Separator">The separator between the columns.</param>
internal sealed record HandCopy(Stream Text, byte Separator)
{
    /// <summary>The first line of a table is within so many bytes.</summary>
    private const int Opening = 4096;

    private const string SaveAgain = "save the file as CSV in UTF-8 and drop it again";

    /// <summary>The separators that a line <c>sep=</c> may name.</summary>
    public static readonly byte[] Separators = [(byte)',', (byte)';', (byte)'\t', (byte)'|'];

    /// <summary>What should stand between the columns of a file that is plain CSV or names its separator.</summary>
    public string ExpectedForm => IsNamed ? ExpectedOf(Separator) : "commas between the columns";

    /// <summary>The same for a file that names its separator.</summary>
    public static string ExpectedOf(byte separator) =>
        $"{InWords(separator)} between the columns, as the line "
        + $"sep={(separator == '\t' ? "(tab)" : (char)separator)} says";

    /// <summary>True if amounts have a decimal comma, which goes with semicolons.</summary>
    public bool HasDecimalComma => Separator == (byte)';';

    /// <summary>The number of the file's line with which <see cref="Text"/> begins.</summary>
    public long FirstLine { get; private init; } = 1;

    /// <summary>True if the file's first line names the separator.</summary>
    public bool IsNamed => FirstLine > 1;

    /// <summary>Opens a text. A text in UTF-8 with lines ended by LF is passed on as it is.</summary>
    /// <param name="body">The text. Only a stream that can seek may differ from plain CSV.</param>
    /// <param name="isLabel">
    /// True if the program knows a label. A text in a code page is certain if every label with a sign beyond ASCII is
    /// known. Null refuses code pages.
    /// </param>
    /// <param name="guesses">True if semicolons are believed without a line <c>sep=;</c>.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="CsvException">The encoding, the line ends or the line <c>sep=</c> are not certain.</exception>
    public static async Task<HandCopy> OpenAsync(
        Stream body,
        Func<string, bool>? isLabel,
        bool guesses,
        CancellationToken cancellationToken
    )
    {
        if (!body.CanSeek)
            return new HandCopy(body, (byte)',');
        var start = body.Position;
        var opening = await OpeningAsync(body, cancellationToken);
        body.Position = start;
        var (encoding, preamble) = Utf16Of(opening);
        if (encoding is not null)
        {
            body.Position = start + preamble;
            await RequireUtf16Async(body, encoding, cancellationToken);
        }
        else if (opening.AsSpan().StartsWith(Encoding.UTF8.Preamble))
        {
            preamble = Encoding.UTF8.Preamble.Length;
        }
        else if (
            isLabel is not null
            && !await IsUtf8Async(body, cancellationToken)
            && await IsCodePageAsync(body, start, isLabel, cancellationToken)
        )
        {
            encoding = CodePage;
        }

        body.Position = start + preamble;
        var first = opening.AsSpan(Math.Min(preamble, opening.Length)).ToArray();
        if (encoding is not null)
            first = Encoding.UTF8.GetBytes(encoding.GetString(first));
        var hasReturns = HasReturns(first);
        if (hasReturns)
        {
            await RequireReturnsAsync(body, encoding, cancellationToken);
            body.Position = start + preamble;
            first.AsSpan().Replace((byte)'\r', (byte)'\n');
        }

        var named = NamedSeparator(first, out var skipped);
        var separator = named ?? (guesses ? SeparatorOf(first) : (byte)',');
        // The line has signs of ASCII only.
        body.Position += skipped * (encoding is UnicodeEncoding ? sizeof(char) : 1);
        var text = encoding is null
            ? body
            : Encoding.CreateTranscodingStream(body, encoding, Encoding.UTF8, leaveOpen: true);
        return new HandCopy(hasReturns ? new ReturnsToLines(text) : text, separator)
        {
            FirstLine = named is null ? 1 : 2,
        };
    }

    /// <summary>A separator's name in messages.</summary>
    public static string InWords(byte separator) =>
        separator switch
        {
            (byte)';' => "semicolons",
            (byte)',' => "commas",
            (byte)'\t' => "tabs",
            _ => "bars",
        };

    private static async Task<byte[]> OpeningAsync(Stream body, CancellationToken cancellationToken)
    {
        var opening = new byte[Opening];
        var length = await body.ReadAtLeastAsync(opening, opening.Length, throwOnEndOfStream: false, cancellationToken);
        return opening[..length];
    }

    /// <summary>UTF-16 by its byte order mark, or by zeros in every second byte; null for other encodings.</summary>
    private static (Encoding? Encoding, int Preamble) Utf16Of(ReadOnlySpan<byte> opening)
    {
        if (opening.StartsWith(Encoding.Unicode.Preamble))
            return (Encoding.Unicode, Encoding.Unicode.Preamble.Length);
        if (opening.StartsWith(Encoding.BigEndianUnicode.Preamble))
            return (Encoding.BigEndianUnicode, Encoding.BigEndianUnicode.Preamble.Length);
        // A header begins with letters of ASCII, and no other encoding has zeros there.
        return opening switch
        {
            [not 0, 0, not 0, 0, ..] => (Encoding.Unicode, 0),
            [0, not 0, 0, not 0, ..] => (Encoding.BigEndianUnicode, 0),
            _ => (null, 0),
        };
    }

    /// <summary>The encoding's name as editors show it.</summary>
    private static string NameOf(Encoding encoding) =>
        encoding.CodePage == Encoding.Unicode.CodePage ? "UTF-16 LE" : "UTF-16 BE";

    /// <summary>The code page that spreadsheets save in, in western Europe and America.</summary>
    private static Encoding CodePage
    {
        get
        {
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            return Encoding.GetEncoding(1252);
        }
    }

    /// <summary>True if the first line outside quotes ends with CR and no LF.</summary>
    private static bool HasReturns(ReadOnlySpan<byte> text)
    {
        var isQuoted = false;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '"')
                isQuoted = !isQuoted;
            else if (!isQuoted && text[at] == '\n')
                return false;
            else if (!isQuoted && text[at] == '\r')
                return at + 1 < text.Length ? text[at + 1] != '\n' : text.Length < Opening / 2;
        }
        return false;
    }

    /// <summary>Requires that no line of a text with lines ended by CR ends with LF.</summary>
    private static async Task RequireReturnsAsync(Stream body, Encoding? encoding, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(
            body,
            encoding ?? Encoding.Latin1,
            detectEncodingFromByteOrderMarks: false,
            leaveOpen: true
        );
        var buffer = new char[Opening];
        var (line, isQuoted) = (1L, false);
        int count;
        while ((count = await reader.ReadAsync(buffer.AsMemory(), cancellationToken)) > 0)
        {
            for (var at = 0; at < count; at++)
            {
                if (buffer[at] == '"')
                {
                    isQuoted = !isQuoted;
                }
                else if (buffer[at] == '\r')
                {
                    line++;
                }
                else if (buffer[at] == '\n' && !isQuoted)
                {
                    throw new CsvException(
                        line,
                        "a line that ends with LF after lines that end with CR alone",
                        "line ends of one kind, LF or CRLF",
                        SaveAgain
                    );
                }
            }
        }
    }

    /// <summary>Requires that a text is UTF-16 to its end.</summary>
    private static async Task RequireUtf16Async(Stream body, Encoding encoding, CancellationToken cancellationToken)
    {
        var strict = new UnicodeEncoding(
            encoding.CodePage == Encoding.BigEndianUnicode.CodePage,
            byteOrderMark: false,
            throwOnInvalidBytes: true
        );
        using var reader = new StreamReader(body, strict, detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        var line = 1L;
        try
        {
            while (await reader.ReadLineAsync(cancellationToken) is not null)
                line++;
        }
        catch (DecoderFallbackException)
        {
            throw new CsvException(
                line,
                $"{NameOf(encoding)} text with bytes that are not {NameOf(encoding)}",
                "text in UTF-8",
                "save the file as UTF-8 and drop it again"
            );
        }
    }

    /// <summary>The separator that a line such as <c>sep=;</c> names; null without such a line.</summary>
    private static byte? NamedSeparator(ReadOnlySpan<byte> text, out int length)
    {
        length = 0;
        var end = text.IndexOf((byte)'\n');
        var line = text[..(end < 0 ? text.Length : end)].TrimEnd((byte)'\r').Trim((byte)'"');
        if (line is not [(byte)'s' or (byte)'S', (byte)'e' or (byte)'E', (byte)'p' or (byte)'P', (byte)'=', ..])
            return null;
        if (line.Length != "sep=;".Length || !Separators.Contains(line[^1]))
        {
            throw new CsvException(
                1,
                Issues.Finding.Quote(Encoding.UTF8.GetString(line)),
                "sep= and the separator, one of , ; | or a tab, or no such line",
                "correct the line or remove it, and drop the file again"
            );
        }
        length = end < 0 ? text.Length : end + 1;
        return line[^1];
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
    /// True if every label with a sign beyond ASCII is one that the program knows, once it is read in the code page.
    /// </summary>
    private static async Task<bool> IsCodePageAsync(
        Stream body,
        long start,
        Func<string, bool> isLabel,
        CancellationToken cancellationToken
    )
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
                if (at % 2 == 1 && isLabel(quoted[at]))
                    continue;
                var cells = quoted[at].Split(';', ',', '\t', '|');
                if (cells.Any(cell => !cell.All(char.IsAscii) && !isLabel(cell)))
                    return false;
            }
        }
        return true;
    }

    /// <summary>Reads a text with lines ended by CR as one with lines ended by LF.</summary>
    private sealed class ReturnsToLines(Stream text) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var count = text.Read(buffer);
            buffer[..count].Replace((byte)'\r', (byte)'\n');
            return count;
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            var count = await text.ReadAsync(buffer, cancellationToken);
            buffer.Span[..count].Replace((byte)'\r', (byte)'\n');
            return count;
        }

        public override Task<int> ReadAsync(
            byte[] buffer,
            int offset,
            int count,
            CancellationToken cancellationToken
        ) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

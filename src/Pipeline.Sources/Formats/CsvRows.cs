using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Pipeline.Sources.Formats;

/// <summary>
/// Reads CSV (RFC 4180, UTF-8, lines ended by LF or CRLF, commas or another separator) row by row from a stream,
/// whatever its length, in one buffer that grows only when a single row does not fit.
/// </summary>
/// <remarks>
/// Cells are slices of the buffer: nothing is allocated for a cell, unless it is asked for as text. A doubled
/// quote is made single in place.
/// </remarks>
internal sealed class CsvRows(Stream stream, byte separator = (byte)',', long firstLine = 1) : IDisposable
{
    private const int FirstBuffer = 64 * 1024;

    /// <summary>The longest row accepted, in bytes. A quote that is never closed ends here.</summary>
    public const int MaxRow = 1 << 20;

    /// <summary>The most cells a row may have.</summary>
    public const int MaxCells = 256;

    private readonly (int Start, int Length)[] cells = new (int, int)[MaxCells];
    private readonly bool[] doubled = new bool[MaxCells];
    private bool isQuoted;
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int start,
        end;
    private bool begun,
        final;
    private long lines = firstLine - 1;
    private byte separator = separator;

    /// <summary>The line on which the present row begins; the first is 1.</summary>
    public long Line { get; private set; }

    /// <summary>Cells of the present row; valid until the next row is read.</summary>
    public int Count { get; private set; }

    /// <summary>What stands between the cells of the rows that are not read yet.</summary>
    public byte Separator
    {
        get => separator;
        set => separator = value;
    }

    /// <summary>Whether the present row is a line without anything.</summary>
    public bool IsBlank => Count == 1 && cells[0].Length == 0;

    /// <summary>
    /// What keeps a header that is one cell from being a row of names: another separator, or rows in quotes as a whole;
    /// null when neither is so.
    /// </summary>
    public string? OtherForm
    {
        get
        {
            if (Count != 1)
                return null;
            if (isQuoted && Bytes(0).ContainsAny(separator, (byte)','))
                return "a whole row in one cell in quotes";
            foreach (var other in HandCopy.Separators)
            {
                if (other != separator && Bytes(0).Contains(other))
                    return $"{HandCopy.InWords(other)} between the columns";
            }

            return null;
        }
    }

    /// <summary>
    /// Two separators between the columns of a header in which columns are missing; null when there is one.
    /// </summary>
    public string? MixedForm
    {
        get
        {
            foreach (var other in HandCopy.Separators)
            {
                if (other == separator)
                    continue;
                for (var cell = 0; cell < Count; cell++)
                {
                    if (Bytes(cell).Contains(other))
                        return $"{HandCopy.InWords(separator)} and {HandCopy.InWords(other)} between the columns";
                }
            }

            return null;
        }
    }

    /// <summary>What the present row holds that cannot be text; null when there is nothing of the kind.</summary>
    public string? Foreign { get; private set; }

    /// <summary>The bytes of a cell, UTF-8, without its quotes.</summary>
    public ReadOnlySpan<byte> Bytes(int index) => buffer.AsSpan(cells[index].Start, cells[index].Length);

    /// <summary>The text of a cell, without its quotes.</summary>
    public string Text(int index) => Encoding.UTF8.GetString(Bytes(index));

    /// <summary>
    /// Moves to the next row without waiting for the stream. False when the buffered bytes hold no further row: call
    /// <see cref="FillAsync"/>.
    /// </summary>
    /// <exception cref="CsvException">The bytes are not CSV; the message has the place.</exception>
    public bool TryNext()
    {
        if (!begun && !Begin())
            return false;
        if (start == end)
            return false;
        Line = lines + 1;
        Count = 0;
        Foreign = null;
        isQuoted = false;
        var newlines = 0;
        var cellStart = start;
        for (var at = start; ; )
        {
            // A cell in quotes is unquoted in place, once its end is in the buffer: until then nothing is changed.
            if (at < end && buffer[at] == '"')
            {
                var close = Close(at + 1, ref newlines);
                if (close < 0)
                    return NeedMore("a quote that is not closed");
                var after = close + 1;
                if (after < end && buffer[after] != separator && buffer[after] is not ((byte)'\n' or (byte)'\r'))
                    throw new CsvException(Line, $"{AfterQuote(buffer[after])} after a closing quote");
                isQuoted |= Count == 0;
                Add(at + 1, close - at - 1, quoted: true);
                at = after;
            }
            else
            {
                var length = buffer.AsSpan(at, end - at).IndexOfAny(separator, (byte)'\n', (byte)'"');
                if (length < 0)
                {
                    if (!final)
                        return NeedMore("");
                    length = end - at;
                }
                else if (buffer[at + length] == '"')
                {
                    throw new CsvException(Line, "a quote inside a cell that does not begin with one");
                }

                var stop = at + length;
                var isLast = stop == end || buffer[stop] == '\n';
                Add(at, isLast && length > 0 && buffer[stop - 1] == '\r' ? length - 1 : length, quoted: false);
                at = stop;
            }
            if (at < end && buffer[at] == '\r')
            {
                if (at + 1 == end && !final)
                    return NeedMore("");
                if (at + 1 < end && buffer[at + 1] != '\n')
                    throw new CsvException(Line, "a carriage return without a line feed");
                at++;
            }
            if (at < end && buffer[at] == separator)
            {
                at++;
                if (at < end || final)
                    continue;
                return NeedMore("");
            }
            start = at < end ? at + 1 : at;
            break;
        }
        lines += newlines + 1;
        var row = buffer.AsSpan(cellStart, start - cellStart);
        if (!Utf8.IsValid(row))
            Foreign = "bytes that are not UTF-8";
        else if (row.Contains((byte)0))
            Foreign = "a zero byte";
        Unquote();
        return true;
    }

    /// <summary>
    /// Divides a row that stands in quotes as a whole, as spreadsheets save a table that they opened as one column.
    /// False, and the row stays as it is, when the present row is not one quoted cell that holds several.
    /// </summary>
    public bool Unwrap()
    {
        if (Count != 1 || !isQuoted || Foreign is not null)
            return false;
        var (from, length) = cells[0];
        if (Divide(from, from + length) && Count > 1)
        {
            Unquote();
            return true;
        }
        (Count, cells[0], doubled[0]) = (1, (from, length), false);
        return false;
    }

    /// <summary>Finds the cells of a row that is complete; false where it is not CSV.</summary>
    private bool Divide(int at, int stop)
    {
        Count = 0;
        while (Count < MaxCells)
        {
            var next = at;
            if (at < stop && buffer[at] == '"')
            {
                for (next++; next < stop && (buffer[next] != '"' || IsDoubled(next)); next++)
                {
                    if (buffer[next] == '"')
                        next++;
                }
                if (next >= stop || (next + 1 < stop && buffer[next + 1] != separator))
                    return false;
                Add(at + 1, next - at - 1, quoted: true);
                next++;
            }
            else
            {
                var length = buffer.AsSpan(at, stop - at).IndexOfAny(separator, (byte)'"');
                next = length < 0 ? stop : at + length;
                if (next < stop && buffer[next] == '"')
                    return false;
                Add(at, next - at, quoted: false);
            }
            if (next == stop)
                return true;
            at = next + 1;
        }
        return false;

        bool IsDoubled(int quote) => quote + 1 < stop && buffer[quote + 1] == '"';
    }

    /// <summary>What stands after a closing quote, for a message: often another separator.</summary>
    private static string AfterQuote(byte sign) =>
        sign switch
        {
            (byte)';' => "a semicolon",
            (byte)',' => "a comma",
            (byte)'\t' => "a tab",
            (byte)'|' => "a bar",
            _ => "text",
        };

    /// <summary>Reads more of the stream. False when there is nothing more to read.</summary>
    /// <exception cref="CsvException">A row is longer than <see cref="MaxRow"/>, or a quote is not closed.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (final)
            return false;
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }
        if (end == buffer.Length)
        {
            if (buffer.Length >= MaxRow)
                throw new CsvException(lines + 1, $"a row of more than {MaxRow} bytes, or a quote that is not closed");
            var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
            buffer.AsSpan(0, end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        var count = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken);
        if (count == 0)
            final = true;
        end += count;
        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    /// <summary>Rows of a body, as long as the caller does not need to do anything but look at each one.</summary>
    public static IAsyncEnumerable<CsvRows> ReadAsync(Stream stream, CancellationToken cancellationToken) =>
        ReadAsync(stream, (byte)',', cancellationToken);

    /// <summary>The same with another separator.</summary>
    public static IAsyncEnumerable<CsvRows> ReadAsync(
        Stream stream,
        byte separator,
        CancellationToken cancellationToken
    ) => ReadAsync(new HandCopy(stream, separator), cancellationToken);

    /// <summary>The same of a text that people have saved again; lines are numbered as those of the file.</summary>
    public static async IAsyncEnumerable<CsvRows> ReadAsync(
        HandCopy copy,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var rows = new CsvRows(copy.Text, copy.Separator, copy.FirstLine);
        do
        {
            while (rows.TryNext())
                yield return rows;
        } while (await rows.FillAsync(cancellationToken));
    }

    /// <summary>
    /// Some programs put a mark before the text; it is no part of it. False when there are too few bytes to
    /// tell.
    /// </summary>
    private bool Begin()
    {
        var bytes = buffer.AsSpan(start, end - start);
        if (bytes.Length < Encoding.UTF8.Preamble.Length && !final)
            return false;
        if (bytes.StartsWith(Encoding.Unicode.Preamble) || bytes.StartsWith(Encoding.BigEndianUnicode.Preamble))
            throw new CsvException(1, "UTF-16 text");
        if (bytes.StartsWith(Encoding.UTF8.Preamble))
            start += Encoding.UTF8.Preamble.Length;
        return begun = true;
    }

    /// <summary>The row is not complete in the buffer: it is begun again when there is more of it.</summary>
    private bool NeedMore(string atTheEnd) => !final ? false : throw new CsvException(Line, atTheEnd);

    /// <summary>Where the quote stands that closes a cell; negative when it is not in the buffer.</summary>
    private int Close(int at, ref int newlines)
    {
        while (true)
        {
            var next = buffer.AsSpan(at, end - at).IndexOfAny((byte)'"', (byte)'\n');
            if (next < 0)
                return -1;
            at += next;
            if (buffer[at] == '\n')
                newlines++;
            else if (at + 1 < end && buffer[at + 1] == '"')
                at++;
            else if (at + 1 == end && !final)
                return -1;
            else
                return at;
            at++;
        }
    }

    private void Add(int cellStart, int length, bool quoted)
    {
        if (Count == MaxCells)
            throw new CsvException(Line, $"a row of more than {MaxCells} cells");
        doubled[Count] = quoted && buffer.AsSpan(cellStart, length).Contains((byte)'"');
        cells[Count++] = (cellStart, length);
    }

    private void Unquote()
    {
        for (var index = 0; index < Count; index++)
        {
            if (!doubled[index])
                continue;
            var cell = buffer.AsSpan(cells[index].Start, cells[index].Length);
            var length = 0;
            for (var at = 0; at < cell.Length; at++)
            {
                cell[length++] = cell[at];
                if (cell[at] == '"')
                    at++;
            }
            cells[index].Length = length;
        }
    }
}

/// <summary>The text is not CSV from a line on.</summary>
/// <param name="line">The line on which the row begins; the first is 1.</param>
/// <param name="seen">What stands there.</param>
/// <param name="expected">What should stand there; null when it is CSV in UTF-8.</param>
/// <param name="remedy">What the operator can do; null when the reader of the file knows.</param>
internal sealed class CsvException(long line, string seen, string? expected = null, string? remedy = null)
    : Exception($"line {line}: {seen}")
{
    /// <summary>The line on which the row begins; the first is 1.</summary>
    public long Line => line;

    /// <summary>What stands there.</summary>
    public string Seen => seen;

    /// <summary>What should stand there; null when it is CSV in UTF-8.</summary>
    public string? Expected => expected;

    /// <summary>What the operator can do; null when the reader of the file knows.</summary>
    public string? Remedy => remedy;
}

using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Sources;

/// <summary>
/// Reads a JSON array of arrays row by row from a stream, whatever its length, in one buffer that grows only when a single row
/// does not fit.
/// </summary>
/// <remarks>Cells are slices of the buffer: nothing is allocated for a cell, unless it holds escapes.</remarks>
internal sealed class JsonRows(Stream stream) : IDisposable
{
    private const int FirstBuffer = 64 * 1024;

    /// <summary>The longest row accepted, in bytes.</summary>
    public const int MaxRow = 1 << 20;

    /// <summary>The most cells a row may have.</summary>
    public const int MaxCells = 256;

    private readonly Cell[] cells = new Cell[MaxCells];
    private readonly string?[] unescaped = new string?[MaxCells];
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private JsonReaderState state;
    private int start, end, depthZeroSeen;
    private bool begun, final;

    /// <summary>One cell of the present row: where its bytes are. It holds no reference, so that writing one costs no more than its bytes.</summary>
    private readonly record struct Cell(int Start, int Length)
    {
        /// <summary>The length of a cell that is null, and of one whose text had escapes: it stands in <see cref="unescaped"/>.</summary>
        public const int Null = -1, Escaped = -2;
    }

    /// <summary>Cells of the present row; valid until the next row is read.</summary>
    public int Count { get; private set; }

    /// <summary>What the present row holds that is not text, number or null; null when there is nothing of the kind.</summary>
    public string? Foreign { get; private set; }

    /// <summary>Whether a cell is null.</summary>
    public bool IsNull(int index) => cells[index].Length == Cell.Null;

    /// <summary>The bytes of a cell's text, UTF-8; empty for null.</summary>
    public ReadOnlySpan<byte> Bytes(int index)
    {
        var cell = cells[index];
        return cell.Length >= 0 ? buffer.AsSpan(cell.Start, cell.Length) : cell.Length == Cell.Escaped ? Encoding.UTF8.GetBytes(unescaped[index]!) : default;
    }

    /// <summary>The text of a cell; null for null.</summary>
    public string? Text(int index)
    {
        var cell = cells[index];
        return cell.Length >= 0 ? Encoding.UTF8.GetString(buffer.AsSpan(cell.Start, cell.Length)) : cell.Length == Cell.Escaped ? unescaped[index] : null;
    }

    /// <summary>
    /// Moves to the next row without waiting for the stream. False: either the buffered bytes hold no further row (call
    /// <see cref="FillAsync"/>), or the array has ended (<see cref="Ended"/>).
    /// </summary>
    /// <exception cref="JsonException">The bytes are not a JSON array of arrays; the message has the place.</exception>
    public bool TryNext()
    {
        if (Ended)
        {
            if (!buffer.AsSpan(start, end - start).Trim(" \r\n\t"u8).IsEmpty) throw new JsonException("something after the end of the array");
            start = end;
            return false;
        }
        if (!begun && !SkipByteOrderMark()) return false;
        var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), final, state);
        while (true)
        {
            var before = reader.CurrentState;
            var consumed = (int)reader.BytesConsumed;
            if (!reader.Read())
            {
                Keep(ref reader);
                return false;
            }
            if (reader.TokenType == JsonTokenType.StartArray && reader.CurrentDepth == 0 && depthZeroSeen == 0)
            {
                depthZeroSeen = 1;
                continue;
            }
            if (reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == 0)
            {
                Ended = true;
                Keep(ref reader);
                return TryNext(); // Looks at what follows the end.
            }
            if (reader.TokenType != JsonTokenType.StartArray || reader.CurrentDepth != 1)
                throw new JsonException($"a {reader.TokenType} where a row, an array, should begin");
            if (ReadCells(ref reader))
            {
                Keep(ref reader);
                return true;
            }
            // The row is not complete in the buffer: back to its beginning.
            start += consumed;
            state = before;
            return false;
        }
    }

    /// <summary>True when the closing bracket of the array was read.</summary>
    public bool Ended { get; private set; }

    /// <summary>Reads more of the stream. False when there is nothing more to read.</summary>
    /// <exception cref="JsonException">A row is longer than <see cref="MaxRow"/>, or the body ends inside the array.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (final)
        {
            if (!Ended) throw new JsonException("the body ends before the array does");
            return false;
        }
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            end -= start;
            start = 0;
        }
        if (end == buffer.Length)
        {
            if (buffer.Length >= MaxRow) throw new JsonException($"a row of more than {MaxRow} bytes");
            var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
            buffer.AsSpan(0, end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
        var count = await stream.ReadAsync(buffer.AsMemory(end), cancellationToken).ConfigureAwait(false);
        if (count == 0) final = true;
        end += count;
        return true;
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    /// <summary>Some servers put one before JSON; it is no part of it. False when there are too few bytes to tell.</summary>
    private bool SkipByteOrderMark()
    {
        var mark = Encoding.UTF8.Preamble;
        var bytes = buffer.AsSpan(start, end - start);
        if (bytes.Length < mark.Length && !final) return false;
        if (bytes.StartsWith(mark)) start += mark.Length;
        return begun = true;
    }

    private void Keep(ref Utf8JsonReader reader)
    {
        start += (int)reader.BytesConsumed;
        state = reader.CurrentState;
    }

    /// <summary>The cells of a row whose opening bracket was read; false when the buffer ends before the row does.</summary>
    private bool ReadCells(ref Utf8JsonReader reader)
    {
        Count = 0;
        Foreign = null;
        var first = (int)reader.TokenStartIndex;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.EndArray:
                    // Whatever is not ASCII stands in a text: the row as a whole says whether one of them is spoilt.
                    if (!Utf8.IsValid(buffer.AsSpan(start + first, (int)reader.BytesConsumed - first))) Foreign ??= "bytes that are not UTF-8";
                    return true;
                case JsonTokenType.String when reader.ValueIsEscaped:
                    // Such a text cannot be unescaped either.
                    if (!Utf8.IsValid(reader.ValueSpan)) Foreign ??= "bytes that are not UTF-8";
                    Add(new Cell(0, Cell.Escaped), Unescape(ref reader));
                    break;
                case JsonTokenType.String:
                    Add(new Cell(start + (int)reader.TokenStartIndex + 1, reader.ValueSpan.Length));
                    break;
                case JsonTokenType.Number:
                    Add(new Cell(start + (int)reader.TokenStartIndex, reader.ValueSpan.Length));
                    break;
                case JsonTokenType.Null:
                    Add(new Cell(0, Cell.Null));
                    break;
                default:
                    Foreign ??= reader.TokenType is JsonTokenType.True or JsonTokenType.False ? "true or false in a cell" : "a list or an object in a cell";
                    if (!reader.TrySkip()) return false;
                    Add(new Cell(0, Cell.Null));
                    break;
            }
        }
        return false;
    }

    private string Unescape(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            Foreign ??= "an escape that stands for no character";
            return "";
        }
    }

    private void Add(Cell cell, string text)
    {
        Add(cell);
        unescaped[Count - 1] = text;
    }

    private void Add(Cell cell)
    {
        if (Count == MaxCells) throw new JsonException($"a row of more than {MaxCells} cells");
        cells[Count++] = cell;
    }
}

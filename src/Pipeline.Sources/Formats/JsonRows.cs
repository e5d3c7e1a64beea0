using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Pipeline.Sources.Formats;

/// <summary>
/// Reads a JSON array of arrays row by row from a stream, whatever its length, in one buffer that grows only when a
/// single row does not fit.
/// </summary>
/// <remarks>
/// Cells are slices of the buffer: nothing is allocated for a cell, unless it holds escapes. A row that the buffer
/// does not hold as a whole is read again from its beginning once the buffer has more of it.
/// </remarks>
internal sealed class JsonRows(Stream stream) : IDisposable
{
    private const int FirstBuffer = 256 * 1024;

    /// <summary>The longest row accepted, in bytes.</summary>
    public const int MaxRow = 1 << 20;

    /// <summary>The most cells a row may have.</summary>
    public const int MaxCells = 256;

    private const string NoUtf8 = "bytes that are not UTF-8";

    /// <summary>
    /// Between two rows a reader's state is always the same, but for the place, which it counts from the
    /// bracket of the array.
    /// </summary>
    private static readonly (JsonReaderState State, int Place) Between = AfterRow("[[]"u8);

    private readonly Cell[] cells = new Cell[MaxCells];
    private readonly string?[] unescaped = new string?[MaxCells];
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
    private int start,
        end;
    private long passed;
    private bool begun,
        inside,
        final;

    /// <summary>
    /// One cell of the present row: where its bytes are. It holds no reference, so that writing one costs no
    /// more than its bytes.
    /// </summary>
    private readonly record struct Cell(int Start, int Length)
    {
        /// <summary>
        /// The length of a cell that is null, and of one whose text had escapes: it stands in <see cref="unescaped"/>.
        /// </summary>
        public const int Null = -1,
            Escaped = -2;
    }

    /// <summary>Cells of the present row; valid until the next row is read.</summary>
    public int Count { get; private set; }

    /// <summary>
    /// What the present row holds that is not text, number or null; null when there is nothing of the kind.
    /// </summary>
    public string? Foreign { get; private set; }

    /// <summary>Whether a cell is null.</summary>
    public bool IsNull(int index) => cells[index].Length == Cell.Null;

    /// <summary>The bytes of a cell's text, UTF-8; empty for null.</summary>
    public ReadOnlySpan<byte> Bytes(int index)
    {
        var cell = cells[index];
        return cell.Length switch
        {
            >= 0 => buffer.AsSpan(cell.Start, cell.Length),
            Cell.Escaped => Encoding.UTF8.GetBytes(unescaped[index]!),
            _ => default,
        };
    }

    /// <summary>The text of a cell; null for null.</summary>
    public string? Text(int index)
    {
        var cell = cells[index];
        return cell.Length switch
        {
            >= 0 => Encoding.UTF8.GetString(buffer.AsSpan(cell.Start, cell.Length)),
            Cell.Escaped => unescaped[index],
            _ => null,
        };
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
            if (!buffer.AsSpan(start, end - start).Trim(" \r\n\t"u8).IsEmpty)
                throw new JsonException("something after the end of the array");
            start = end;
            return false;
        }
        if (!begun && !SkipByteOrderMark())
            return false;
        var reader = new Utf8JsonReader(buffer.AsSpan(start, end - start), final, inside ? Between.State : default);
        try
        {
            return Read(ref reader);
        }
        catch (JsonException e) when (e.LineNumber is not null)
        {
            throw new JsonException(
                $"byte {PlaceOf(e)}: {e.Message[..e.Message.IndexOf(" LineNumber: ", StringComparison.Ordinal)]}",
                e
            );
        }
    }

    /// <summary>The next row; false when the buffer ends before the row does.</summary>
    private bool Read(ref Utf8JsonReader reader)
    {
        if (!reader.Read())
            return false;
        if (!inside && reader.TokenType == JsonTokenType.StartArray && !reader.Read())
            return false;
        if (reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == 0)
        {
            Ended = true;
            start += (int)reader.BytesConsumed;
            return TryNext(); // Looks at what follows the end.
        }
        if (reader.TokenType != JsonTokenType.StartArray || reader.CurrentDepth != 1)
            throw new JsonException($"a {reader.TokenType} where a row, an array, should begin");
        if (!ReadCells(ref reader))
            return false;
        start += (int)reader.BytesConsumed;
        return inside = true;
    }

    /// <summary>How many bytes of the body come before the one that a reader stopped at.</summary>
    private long PlaceOf(JsonException e)
    {
        var bytes = buffer.AsSpan(start, end - start);
        var line = 0;
        for (var number = 0; number < e.LineNumber; number++)
            line += bytes[line..].IndexOf((byte)'\n') + 1;
        return passed + start + line + e.BytePositionInLine!.Value - (line == 0 && inside ? Between.Place : 0);
    }

    private static (JsonReaderState, int) AfterRow(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, false, default);
        while (reader.Read()) { }
        return (reader.CurrentState, json.Length);
    }

    /// <summary>True when the closing bracket of the array was read.</summary>
    public bool Ended { get; private set; }

    /// <summary>Reads more of the stream. False when there is nothing more to read.</summary>
    /// <exception cref="JsonException">A row is longer than <see cref="MaxRow"/>, or the body ends inside the
    /// array.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        if (final)
        {
            if (!Ended)
                throw new JsonException("the body ends before the array does");
            return false;
        }
        if (start > 0)
        {
            buffer.AsSpan(start, end - start).CopyTo(buffer);
            passed += start;
            end -= start;
            start = 0;
        }
        if (end == buffer.Length)
        {
            if (buffer.Length >= MaxRow)
                throw new JsonException($"a row of more than {MaxRow} bytes");
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

    /// <summary>
    /// Some servers put one before JSON; it is no part of it. False when there are too few bytes to tell.
    /// </summary>
    private bool SkipByteOrderMark()
    {
        var mark = Encoding.UTF8.Preamble;
        var bytes = buffer.AsSpan(start, end - start);
        if (bytes.Length < mark.Length && !final)
            return false;
        if (bytes.StartsWith(mark))
            start += mark.Length;
        return begun = true;
    }

    /// <summary>
    /// The cells of a row whose opening bracket was read; false when the buffer ends before the row does.
    /// </summary>
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
                    if (!Utf8.IsValid(buffer.AsSpan(start + first, (int)reader.BytesConsumed - first)))
                        Foreign ??= NoUtf8;
                    return true;
                case JsonTokenType.String when reader.ValueIsEscaped:
                    // Such a text cannot be unescaped either.
                    if (!Utf8.IsValid(reader.ValueSpan))
                        Foreign ??= NoUtf8;
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
                    Foreign ??= reader.TokenType is JsonTokenType.True or JsonTokenType.False
                        ? "true or false in a cell"
                        : "a list or an object in a cell";
                    if (!reader.TrySkip())
                        return false;
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
        if (Count == MaxCells)
            throw new JsonException($"a row of more than {MaxCells} cells");
        cells[Count++] = cell;
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Exports.Formats;

/// <summary>
/// Writes records as RFC 4180 has them: UTF-8, comma, CRLF, quotes where a text needs them. A text that a spreadsheet
/// would take for a formula gets an apostrophe in front, so that opening a file never runs anything; numbers are
/// written as they are, also where a column of texts holds them, as <c>OldValue</c> of <c>history</c> does.
/// </summary>
internal sealed partial class CsvRecord
{
    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create("\",\r\n");
    private static readonly SearchValues<char> StartFormulas = SearchValues.Create("=+-@\t\r\n＝＋－＠");

    private readonly ArrayBufferWriter<byte> bytes = new(4096);
    private bool hasCells;

    /// <summary>What was written since the last <see cref="Clear"/>.</summary>
    public ReadOnlyMemory<byte> Written => bytes.WrittenMemory;

    /// <summary>Adds a cell of the type that tables have.</summary>
    /// <exception cref="ArgumentException">No column of a table has this type.</exception>
    public void Add(object? value)
    {
        switch (value)
        {
            case null:
                Raw("");
                break;
            case string text:
                Text(text);
                break;
            case int number:
                Raw(number.ToString(CultureInfo.InvariantCulture));
                break;
            case long number:
                Raw(number.ToString(CultureInfo.InvariantCulture));
                break;
            case double number:
                // What was not published is an empty cell, which every program reads as "nothing".
                Raw(double.IsNaN(number) ? "" : number.ToString("R", CultureInfo.InvariantCulture));
                break;
            case bool truth:
                Raw(truth ? "true" : "false");
                break;
            case DateOnly day:
                Raw(day.ToString("O", CultureInfo.InvariantCulture));
                break;
            case DateTimeOffset moment:
                Raw(moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
                break;
            default:
                throw new ArgumentException($"a cell of type {value.GetType().Name}", nameof(value));
        }
    }

    /// <summary>Ends the record.</summary>
    public void End()
    {
        bytes.Write("\r\n"u8);
        hasCells = false;
    }

    /// <summary>Forgets what was written.</summary>
    public void Clear() => bytes.ResetWrittenCount();

    private void Text(string text)
    {
        if (text.Length > 0 && StartFormulas.Contains(text[0]) && !NegativeNumber().IsMatch(text))
            text = "'" + text;
        Raw(
            text.AsSpan().ContainsAny(NeedQuotes) || text.StartsWith(' ') || text.EndsWith(' ')
                ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
                : text
        );
    }

    /// <summary>
    /// A number as <see cref="Add"/> writes one. No formula is: it has nothing but digits, one point and one
    /// exponent.
    /// </summary>
    [GeneratedRegex(@"\A-[0-9]+(\.[0-9]+)?(E[+-]?[0-9]+)?\z")]
    private static partial Regex NegativeNumber();

    private void Raw(string text)
    {
        if (hasCells)
            bytes.Write(","u8);
        hasCells = true;
        Encoding.UTF8.GetBytes(text, bytes);
    }
}

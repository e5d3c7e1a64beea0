using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Pipeline.Benchmarks.Service;

/// <summary>
/// A filter of the table service: comparisons joined by <c>and</c>, <c>or</c>, <c>not</c> and brackets. An
/// entity without the column fits none.
/// </summary>
internal sealed partial class Filter
{
    private delegate bool Test(Partition partition, Entity entity, ReadOnlySpan<byte> json);

    private readonly List<string> tokens;
    private readonly Test test;
    private int at;
    private int depth;

    private Filter(string text)
    {
        tokens = [.. Token().Matches(text).Select(match => match.Value)];
        test = tokens.Count == 0 ? (_, _, _) => true : Or();
        if (at != tokens.Count)
            throw new FormatException($"filter {text}: seen {tokens[at]}, expected its end");
    }

    /// <summary>
    /// What the comparisons that must all hold say of the keys: nothing outside needs to be looked at.
    /// </summary>
    public KeyBounds Bounds { get; private set; }

    public static Filter Parse(string? text) => new(text ?? "");

    public bool Fits(Partition partition, Entity entity, ReadOnlySpan<byte> json) => test(partition, entity, json);

    private Test Or()
    {
        var before = Bounds;
        var left = And();
        if (at < tokens.Count && tokens[at] == "or")
            Bounds = before; // One side alone bounds nothing.
        while (Take("or"))
        {
            depth++;
            var (one, other) = (left, And());
            depth--;
            left = (partition, entity, json) => one(partition, entity, json) || other(partition, entity, json);
        }
        return left;
    }

    private Test And()
    {
        var left = Not();
        while (Take("and"))
        {
            var (one, other) = (left, Not());
            left = (partition, entity, json) => one(partition, entity, json) && other(partition, entity, json);
        }
        return left;
    }

    private Test Not()
    {
        if (Take("not"))
        {
            depth++;
            var inner = Not();
            depth--;
            return (partition, entity, json) => !inner(partition, entity, json);
        }
        if (Take("("))
        {
            var inner = Or();
            if (!Take(")"))
                throw new FormatException($"filter: seen no ) before token {at} of {tokens.Count}");
            return inner;
        }
        return Comparison(tokens[at++], tokens[at++], tokens[at++]);
    }

    private Test Comparison(string name, string comparison, string literal)
    {
        if (literal.StartsWith('\''))
        {
            var text = Encoding.UTF8.GetBytes(literal[1..^1].Replace("''", "'", StringComparison.Ordinal));
            if (name == "PartitionKey")
            {
                if (depth == 0)
                    Bound(comparison, text, true);
                return (partition, _, _) => Holds(partition.Key.AsSpan().SequenceCompareTo(text), comparison);
            }
            if (name == "RowKey")
            {
                if (depth == 0)
                    Bound(comparison, text, false);
                return (_, entity, _) => Holds(entity.Key.AsSpan().SequenceCompareTo(text), comparison);
            }
            var ofText = EntityJson.Mark(name);
            return (_, _, json) =>
                EntityJson.Token(json, ofText) is { IsEmpty: false }
                && Holds(EntityJson.Text(json, ofText).SequenceCompareTo(text), comparison);
        }
        var mark = EntityJson.Mark(name);
        if (literal.StartsWith("datetime'", StringComparison.Ordinal))
        {
            var moment = Moment(literal[9..^1]);
            return (_, _, json) =>
                EntityJson.Token(json, mark) is { IsEmpty: false } token
                && Holds(Moment(Encoding.UTF8.GetString(token[1..^1])).CompareTo(moment), comparison);
        }
        if (literal is "true" or "false")
        {
            return (_, _, json) =>
                EntityJson.Token(json, mark) is { IsEmpty: false } token
                && Holds(Encoding.UTF8.GetString(token) == literal ? 0 : 1, comparison);
        }

        var number = double.Parse(literal.TrimEnd('L'), CultureInfo.InvariantCulture);
        return (_, _, json) =>
            EntityJson.Token(json, mark) is { IsEmpty: false } token
            && double.TryParse(token.Trim((byte)'"'), CultureInfo.InvariantCulture, out var value)
            && Holds(value.CompareTo(number), comparison);
    }

    /// <summary>Both bounds count as inclusive here: whether one may be reached, the comparison itself says.</summary>
    private void Bound(string comparison, byte[] text, bool ofPartition)
    {
        if (comparison is "eq" or "ge" or "gt")
            Bounds = ofPartition ? Bounds with { PartitionFrom = text } : Bounds with { RowFrom = text };
        if (comparison is "eq" or "le" or "lt")
            Bounds = ofPartition ? Bounds with { PartitionTo = text } : Bounds with { RowTo = text };
    }

    private static DateTimeOffset Moment(string text) =>
        DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static bool Holds(int order, string comparison) =>
        comparison switch
        {
            "eq" => order == 0,
            "ne" => order != 0,
            "gt" => order > 0,
            "ge" => order >= 0,
            "lt" => order < 0,
            "le" => order <= 0,
            _ => throw new FormatException($"filter: seen {comparison}, expected a comparison"),
        };

    private bool Take(string token)
    {
        if (at >= tokens.Count || tokens[at] != token)
            return false;
        at++;
        return true;
    }

    [GeneratedRegex(@"\(|\)|(datetime)?'(?:[^']|'')*'|[^\s()']+")]
    private static partial Regex Token();
}

/// <summary>The keys between which everything lies that a filter lets through, inclusive; null = no bound.</summary>
internal readonly record struct KeyBounds(byte[]? PartitionFrom, byte[]? PartitionTo, byte[]? RowFrom, byte[]? RowTo);

using System.Globalization;
using System.Text.RegularExpressions;
using Pipeline.Insight.Indicators;
using Pipeline.Issues;

namespace Pipeline.Insight.Claims;

/// <summary>What is wrong with an expression.</summary>
/// <param name="Position">Where, the first character being 1.</param>
internal sealed record ExpressionError(int Position, string Seen, string Expected);

/// <summary>
/// The formula of a claim over the table <c>indicators</c>.
/// <code>
/// expression = sum, or sums with &lt; or with &gt; between them (an order)
/// sum        = product { (+|-) product }        product = unary { (*|/) unary }        unary = [-] (number | figure |
/// function | (sum)) figure     = indicator[key]      key = period | period..period | latest | each, with |member where
/// a period has several figures function   = min max sum average count of figures; abs(x); growth(before, after) and
/// share(part, whole) in percent; rank(figures, period or member), 1 = largest
/// </code>
/// A key that covers several figures (a range, a year of an indicator with days, all members) can stand in a function
/// only.
/// <c>each</c> makes the claim be checked for every period on file.
/// </summary>
internal sealed partial class Expression
{
    private static readonly string[] Reducers = ["min", "max", "sum", "average", "count"];
    private static readonly string[] Functions = [.. Reducers, "abs", "growth", "share", "rank"];

    /// <summary>
    /// How deep parentheses and functions may be nested: more than a reader follows, and less than a stack
    /// holds.
    /// </summary>
    private const int MostLevels = 50;

    private readonly string text;
    private readonly List<Token> tokens;
    private readonly List<ReferenceNode> references = [];
    private int next;
    private int level;

    private Expression(string text)
    {
        this.text = text;
        tokens = Tokens.Of(text);
    }

    /// <summary>The expression as written.</summary>
    public string Text => text;

    /// <summary>The whole of it.</summary>
    public Node Root { get; private set; } = new NumberNode(1, 0);

    /// <summary>The figures that it names, in order.</summary>
    public IReadOnlyList<ReferenceNode> References => references;

    /// <summary>Whether it is to be computed for every period on file.</summary>
    public bool IsEach => references.Any(reference => reference.From == ReferenceNode.Each);

    /// <summary>Reads an expression; null when it is wrong, and then <paramref name="error"/> says where.</summary>
    public static Expression? Parse(string text, out ExpressionError? error)
    {
        var expression = new Expression(text);
        error = null;
        try
        {
            expression.Root = expression.Whole();
            return expression;
        }
        catch (WrongException e)
        {
            error = e.Error;
            return null;
        }
    }

    /// <summary>Leaves the recursion; never leaves the class.</summary>
    private sealed class WrongException(ExpressionError error) : Exception(error.Expected)
    {
        public ExpressionError Error => error;
    }

    private Token Peek => tokens[next];

    private static WrongException Wrong(Token token, string expected) =>
        new(new ExpressionError(token.Position, token.IsEnd ? "the end" : Finding.Quote(token.Text), expected));

    private static WrongException Wrong(Node node, string seen, string expected) =>
        new(new ExpressionError(node.Position, seen, expected));

    private Node Whole()
    {
        var first = Sum();
        Node root = first;
        if (Peek.Text is "<" or ">")
        {
            var sign = Peek;
            var figures = new List<Node> { Single(first) };
            while (Peek.Text is "<" or ">")
            {
                if (Peek.Text != sign.Text)
                    throw Wrong(Peek, $"{sign.Text} as before: an order has one direction");
                next++;
                figures.Add(Single(Sum()));
                Same(first, figures[^1]);
            }
            root = new ChainNode(sign.Position, sign.Text[0], figures);
        }
        return Peek.IsEnd ? root : throw Wrong(Peek, "+, -, *, /, <, > or the end");
    }

    private Node Sum()
    {
        var left = Product();
        while (Peek.Text is "+" or "-")
        {
            var sign = tokens[next++];
            var right = Single(Product());
            left = new BinaryNode(sign.Position, sign.Text[0], Single(left), right, Same(left, right));
        }
        return left;
    }

    private Node Product()
    {
        var left = Unary();
        while (Peek.Text is "*" or "/")
        {
            var sign = tokens[next++];
            var right = Single(Unary());
            if (sign.Text == "*" && left.Unit != "" && right.Unit != "")
            {
                throw Wrong(
                    right,
                    $"{InWords(right.Unit)} times {InWords(left.Unit)}",
                    "a bare number on one side of *"
                );
            }

            if (sign.Text == "/" && right is NumberNode { Value: 0 })
                throw Wrong(right, "0", "a divisor other than 0");
            if (sign.Text == "/" && right.Unit != "")
                Same(left, right);
            var unit = (sign.Text, left.Unit, right.Unit) switch
            {
                ("*", "", var factor) => factor,
                ("*", var factor, _) => factor,
                (_, var dividend, "") => dividend,
                _ => "",
            };
            left = new BinaryNode(sign.Position, sign.Text[0], Single(left), right, unit);
        }
        return left;
    }

    private Node Unary()
    {
        var token = tokens[next++];
        if (level == MostLevels)
            throw Wrong(token, $"at most {MostLevels} levels of parentheses, functions and signs");
        level++;
        try
        {
            return Unary(token);
        }
        finally
        {
            level--;
        }
    }

    private Node Unary(Token token)
    {
        if (token.Text == "-")
            return new NegativeNode(token.Position, Single(Unary()));
        if (token.Text == "(")
        {
            var inner = Sum();
            Take(")");
            return inner;
        }
        if (token.IsNumber)
        {
            return double.TryParse(
                token.Text,
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var number
            )
                ? new NumberNode(token.Position, number)
                : throw Wrong(token, "a number such as 12.5");
        }

        if (!token.IsName)
            throw Wrong(token, "a number, an indicator, a function, - or (");
        return Peek.Text == "(" ? Call(token) : Reference(token);
    }

    private CallNode Call(Token name)
    {
        if (!Functions.Contains(name.Text))
            throw Wrong(name, $"a function: {string.Join(", ", Functions)}");
        Take("(");
        var arguments = new List<Node> { Sum() };
        var key = "";
        while (Peek.Text == ",")
        {
            next++;
            if (name.Text == "rank")
            {
                key = Key(arguments[0]);
                break;
            }
            arguments.Add(Sum());
        }
        Take(")");
        switch (name.Text)
        {
            case "abs" when arguments.Count != 1:
            case "growth" or "share" when arguments.Count != 2:
                throw Wrong(
                    name,
                    name.Text switch
                    {
                        "abs" => "abs(figure)",
                        "growth" => "growth(before, after)",
                        _ => "share(part, whole)",
                    }
                );
            case "rank" when key.Length == 0 || arguments[0] is not ReferenceNode { IsSeries: true }:
                throw Wrong(
                    name,
                    "rank(figures, period or member), for example rank(us-ru-imports-annual[2004..2016], 2016)"
                );
        }
        foreach (var argument in arguments)
        {
            if (name.Text is "abs" or "growth" or "share")
                Single(argument);
            Same(arguments[0], argument);
        }
        return new CallNode(
            name.Position,
            name.Text,
            arguments,
            key,
            name.Text switch
            {
                "count" => "",
                "growth" or "share" => "percent",
                "rank" => "place",
                _ => arguments[0].Unit,
            }
        );
    }

    /// <summary>
    /// The last argument of <c>rank</c>: a period, written with hyphens, or a member. It is a text, not a
    /// sum.
    /// </summary>
    private string Key(Node series)
    {
        var from = Peek;
        while (!Peek.IsEnd && Peek.Text is not (")" or ","))
            next++;
        var key = text[(from.Position - 1)..(Peek.Position - 1)].Trim();
        return
            MemberText().IsMatch(key) || (series is ReferenceNode reference && IsPeriod(key, reference.Shape.Periods))
            ? key
            : throw Wrong(from, "the period or the member whose place is asked for");
    }

    private ReferenceNode Reference(Token id)
    {
        if (IndicatorCatalog.Find(id.Text) is not { } shape)
        {
            throw Wrong(
                id,
                $"an indicator: {string.Join(", ", IndicatorCatalog.Shapes.Select(known => known.Pattern))}"
            );
        }

        if (IndicatorCatalog.Unknown(id.Text, shape) is { } unknown)
            throw Wrong(new Token(id.Position + unknown.At, unknown.Seen), unknown.Expected);
        var key = Peek;
        if (!(key.Text.StartsWith('[') && key.Text.EndsWith(']')))
            throw Wrong(key, $"[{Example(shape.Periods)}{(shape.HasMembers ? "|member" : "")}] after {id.Text}");
        next++;
        var parts = key.Text[1..^1].Split('|');
        var member = parts.Length > 1 ? parts[1] : "";
        if (parts.Length > 2 || (parts.Length == 2 && (!shape.HasMembers || !MemberText().IsMatch(member))))
        {
            throw Wrong(
                key,
                shape.HasMembers
                    ? "one member after |, lower-case letters and digits, for example usa"
                    : $"no member: {id.Text} has one figure a period"
            );
        }

        var range = parts[0].Split("..");
        foreach (var period in range)
        {
            if (
                range.Length > 2
                || !(
                    IsPeriod(period, shape.Periods)
                    || (range.Length == 1 && period is ReferenceNode.Latest or ReferenceNode.Each)
                    || (shape.Periods == PeriodKind.Day && IsPeriod(period, PeriodKind.Year))
                )
            )
            {
                var form = shape.Periods switch
                {
                    PeriodKind.Year => "yyyy",
                    PeriodKind.Month => "yyyy-MM",
                    _ => "yyyy-MM-dd or yyyy",
                };
                throw Wrong(
                    key,
                    $"a period {form}, two with .. between them, latest or each, for example "
                        + $"[{Example(shape.Periods)}{(shape.HasMembers ? "|usa" : "")}]"
                );
            }
        }

        if (range.Length == 2 && string.CompareOrdinal(range[0], range[1]) > 0)
            throw Wrong(key, "the earlier period first");
        var whole =
            shape.Periods != PeriodKind.Day
            || range[0].Length == 10
            || range[0] is ReferenceNode.Latest or ReferenceNode.Each;
        var reference = new ReferenceNode(
            id.Position,
            id.Text,
            shape,
            range[0],
            range[^1],
            member,
            range.Length == 2 || !whole || (shape.HasMembers && member.Length == 0)
        );
        references.Add(reference);
        return reference;
    }

    private void Take(string sign)
    {
        if (Peek.Text != sign)
            throw Wrong(Peek, sign);
        next++;
    }

    private static Node Single(Node node) =>
        node.IsSeries
            ? throw Wrong(node, "several figures", $"one figure, or a function of them: {string.Join(", ", Reducers)}")
            : node;

    /// <summary>Two figures that are compared or added have one unit; a bare number takes any.</summary>
    private static string? Same(Node one, Node other)
    {
        if (string.IsNullOrEmpty(one.Unit))
            return other.Unit;
        if (string.IsNullOrEmpty(other.Unit) || one.Unit == other.Unit)
            return one.Unit;
        throw Wrong(other, InWords(other.Unit), InWords(one.Unit));
    }

    private static string InWords(string? unit) =>
        unit switch
        {
            null => "a unit that differs from row to row",
            "" => "a bare number",
            _ => unit,
        };

    private static string Example(PeriodKind kind) =>
        kind switch
        {
            PeriodKind.Year => "2018",
            PeriodKind.Month => "2019-10",
            _ => "2018-07-05",
        };

    /// <summary>Whether a text is a period of a kind.</summary>
    internal static bool IsPeriod(string text, PeriodKind kind) =>
        DateOnly.TryParseExact(
            kind == PeriodKind.Year ? $"{text}-01" : text,
            kind == PeriodKind.Day ? "yyyy-MM-dd" : "yyyy-MM",
            CultureInfo.InvariantCulture,
            DateTimeStyles.None,
            out _
        );

    [GeneratedRegex("^[a-z][a-z0-9]*$")]
    private static partial Regex MemberText();
}

using System.Globalization;

namespace Godwit.Verification;

/// <summary>
/// The small language of constraints and conditions: comparisons of sums and products of names, numbers and words, joined
/// by <c>and</c>, <c>or</c> and <c>not</c>. A word that is no known name stands for itself.
/// </summary>
public sealed class Expression
{
    private readonly ExpressionNode _root;

    private Expression(string text, ExpressionNode root, IReadOnlySet<string> names)
    {
        Text = text;
        _root = root;
        Names = names;
    }

    /// <summary>As written.</summary>
    public string Text { get; }

    /// <summary>Every word in it that isn't an operator.</summary>
    public IReadOnlySet<string> Names { get; }

    /// <summary>Reads an expression.</summary>
    /// <param name="text">The expression; a name with other characters than letters, digits, dots and underscores stands in
    /// backticks.</param>
    /// <param name="known">Names that are recognised as they are, dashes and all; null for none.</param>
    /// <exception cref="FormatException">It can't be read; the message says where.</exception>
    public static Expression Parse(string text, IEnumerable<string>? known = null)
    {
        var parser = new ExpressionParser(text, [.. (known ?? []).Where(name => name.Length > 0).OrderByDescending(name => name.Length)]);
        var root = parser.ParseAll();
        return new Expression(text, root, parser.Names);
    }

    /// <summary>Whether it holds.</summary>
    /// <param name="lookup">The value of a name: a double, a string or a bool; null for a word that is no name.</param>
    /// <exception cref="FormatException">It compares or reckons with words.</exception>
    public bool Holds(Func<string, object?> lookup) => _root.Evaluate(lookup) switch
    {
        bool truth => truth,
        var other => throw new FormatException($"'{Text}' is {other}, not true or false"),
    };

    /// <summary>The operator of a single comparison; null where it is none.</summary>
    public string? ComparesBy =>
        _root is ExpressionNode.Binary { Operator: "<" or "<=" or ">" or ">=" or "==" or "!=" } comparison ? comparison.Operator : null;

    /// <summary>The two sides of a single comparison as numbers, and the comparison; null where it is none.</summary>
    public (double Left, string Operator, double Right)? Sides(Func<string, object?> lookup) =>
        ComparesBy is not null
            && _root is ExpressionNode.Binary comparison
            && comparison.Left.Evaluate(lookup) is double left
            && comparison.Right.Evaluate(lookup) is double right
            ? (left, comparison.Operator, right)
            : null;
}

internal abstract record ExpressionNode
{
    private ExpressionNode()
    {
    }

    public abstract object Evaluate(Func<string, object?> lookup);

    public sealed record Constant(object Value) : ExpressionNode
    {
        public override object Evaluate(Func<string, object?> lookup) => Value;
    }

    public sealed record Name(string Text) : ExpressionNode
    {
        public override object Evaluate(Func<string, object?> lookup) => lookup(Text) ?? Text;
    }

    public sealed record Not(ExpressionNode Operand) : ExpressionNode
    {
        public override object Evaluate(Func<string, object?> lookup) => !Truth(Operand, lookup);
    }

    public sealed record Binary(string Operator, ExpressionNode Left, ExpressionNode Right) : ExpressionNode
    {
        public override object Evaluate(Func<string, object?> lookup) => Operator switch
        {
            "and" => Truth(Left, lookup) && Truth(Right, lookup),
            "or" => Truth(Left, lookup) || Truth(Right, lookup),
            "==" => Same(Left.Evaluate(lookup), Right.Evaluate(lookup)),
            "!=" => !Same(Left.Evaluate(lookup), Right.Evaluate(lookup)),
            "<" => Number(Left, lookup) < Number(Right, lookup),
            "<=" => Number(Left, lookup) <= Number(Right, lookup),
            ">" => Number(Left, lookup) > Number(Right, lookup),
            ">=" => Number(Left, lookup) >= Number(Right, lookup),
            "+" => Number(Left, lookup) + Number(Right, lookup),
            "-" => Number(Left, lookup) - Number(Right, lookup),
            "*" => Number(Left, lookup) * Number(Right, lookup),
            "/" => Number(Left, lookup) / Number(Right, lookup),
            _ => throw new InvalidOperationException($"unknown operator {Operator}"),
        };
    }

    private static bool Truth(ExpressionNode node, Func<string, object?> lookup) => node.Evaluate(lookup) is bool truth
        ? truth
        : throw new FormatException($"'{node.Evaluate(lookup)}' is not true or false");

    private static double Number(ExpressionNode node, Func<string, object?> lookup) => node.Evaluate(lookup) is double number
        ? number
        : throw new FormatException($"'{node.Evaluate(lookup)}' is no number and no known name");

    private static bool Same(object left, object right) => (left, right) switch
    {
        (bool truth, string word) => word == (truth ? "true" : "false"),
        (string word, bool truth) => word == (truth ? "true" : "false"),
        _ => left.Equals(right),
    };
}

internal sealed class ExpressionParser(string text, IReadOnlyList<string> known)
{
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private int _position;

    public IReadOnlySet<string> Names => _names;

    public ExpressionNode ParseAll()
    {
        var node = ParseOr();
        SkipSpace();
        return _position == text.Length ? node : throw Unexpected();
    }

    private ExpressionNode ParseOr() => ParseChain(ParseAnd, "or");

    private ExpressionNode ParseAnd() => ParseChain(ParseNot, "and");

    private ExpressionNode ParseNot() => TakeWord("not") ? new ExpressionNode.Not(ParseNot()) : ParseComparison();

    private ExpressionNode ParseComparison()
    {
        var left = ParseSum();
        foreach (var sign in (string[])["==", "!=", "<=", ">=", "<", ">"])
        {
            if (Take(sign))
            {
                return new ExpressionNode.Binary(sign, left, ParseSum());
            }
        }

        return left;
    }

    private ExpressionNode ParseSum() => ParseChain(ParseProduct, "+", "-");

    private ExpressionNode ParseProduct() => ParseChain(ParseAtom, "*", "/");

    private ExpressionNode ParseChain(Func<ExpressionNode> parse, params string[] signs)
    {
        var node = parse();
        while (signs.FirstOrDefault(sign => char.IsLetter(sign[0]) ? TakeWord(sign) : Take(sign)) is { } sign)
        {
            node = new ExpressionNode.Binary(sign, node, parse());
        }

        return node;
    }

    private ExpressionNode ParseAtom()
    {
        SkipSpace();
        if (Take("("))
        {
            var inner = ParseOr();
            return Take(")") ? inner : throw Unexpected();
        }

        if (known.FirstOrDefault(StandsHere) is { } name)
        {
            _position += name.Length;
            _names.Add(name);
            return new ExpressionNode.Name(name);
        }

        if (_position < text.Length && text[_position] is '"' or '\'' or '`')
        {
            var quote = text[_position];
            var end = text.IndexOf(quote, _position + 1);
            if (end < 0)
            {
                throw new FormatException($"'{text}': the quote at {_position + 1} isn't closed");
            }

            var word = text[(_position + 1)..end];
            _position = end + 1;
            if (quote == '`')
            {
                _names.Add(word);
                return new ExpressionNode.Name(word);
            }

            return new ExpressionNode.Constant(word);
        }

        var start = _position;
        while (_position < text.Length && (char.IsLetterOrDigit(text[_position]) || text[_position] is '_' or '.'
            || (text[_position] == '-' && (_position == start || text[_position - 1] is 'e' or 'E'))))
        {
            _position++;
        }

        var token = text[start.._position];
        if (double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            return new ExpressionNode.Constant(number);
        }

        if (token.Length == 0 || token == "-")
        {
            throw Unexpected();
        }

        _names.Add(token);
        return token is "true" or "false" ? new ExpressionNode.Constant(token == "true") : new ExpressionNode.Name(token);
    }

    private bool StandsHere(string name) => text.AsSpan(_position).StartsWith(name, StringComparison.Ordinal)
        && (
            _position + name.Length == text.Length
                || !(char.IsLetterOrDigit(text[_position + name.Length]) || text[_position + name.Length] is '_' or '.' or '-'));

    private bool Take(string sign)
    {
        SkipSpace();
        if (!text.AsSpan(_position).StartsWith(sign, StringComparison.Ordinal))
        {
            return false;
        }

        _position += sign.Length;
        return true;
    }

    private bool TakeWord(string word)
    {
        SkipSpace();
        var after = _position + word.Length;
        return (after >= text.Length || !char.IsLetterOrDigit(text[after])) && Take(word);
    }

    private void SkipSpace()
    {
        while (_position < text.Length && char.IsWhiteSpace(text[_position]))
        {
            _position++;
        }
    }

    private FormatException Unexpected() => new(_position < text.Length
        ? $"'{text}': unexpected '{text[_position]}' at {_position + 1}"
        : $"'{text}': something is missing at the end");
}

using System.Globalization;
using System.Text.Json.Serialization;

namespace Godwit.Search;

/// <summary>One dimension of a search space.</summary>
/// <param name="Name">Its name; in a JSON settings file a dot goes one level down.</param>
/// <param name="When">The condition under which it means anything, over other parameters; null for always.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(ChoiceParameter), "choice")]
[JsonDerivedType(typeof(IntParameter), "int")]
[JsonDerivedType(typeof(RealParameter), "real")]
[JsonDerivedType(typeof(BooleanParameter), "boolean")]
public abstract record Parameter(string Name, string? When)
{
    /// <summary>Whether its values have an order, so that a number stands for each.</summary>
    [JsonIgnore]
    public abstract bool IsOrdered { get; }

    /// <summary>How many values there are; null for a continuum.</summary>
    [JsonIgnore]
    public abstract long? Count { get; }

    /// <summary>The lower end of its numbers. An integer's interval reaches half a step beyond its value.</summary>
    internal abstract double Low { get; }

    /// <summary>The upper end of its numbers.</summary>
    internal abstract double High { get; }

    /// <summary>The number that stands for a value, on the scale that is searched.</summary>
    internal abstract double ToNumber(string value);

    /// <summary>The value nearest to a number.</summary>
    internal abstract string FromNumber(double number);

    /// <summary>Whether a text is one of its values.</summary>
    internal abstract bool Accepts(string value);

    /// <summary>A value drawn evenly from the scale that is searched.</summary>
    internal string Sample(Random random) => FromNumber(Low + random.NextDouble() * (High - Low));
}

/// <summary>One of several values; ordered where their order says how near they are.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Values">The values.</param>
/// <param name="Ordered">Whether their order says how near they are.</param>
/// <param name="When">The condition under which it means anything.</param>
/// <param name="Texts">Those values that are text and not numbers, truth values or null; null for all of them.</param>
public sealed record ChoiceParameter(
    string Name, IReadOnlyList<string> Values, bool Ordered = false, string? When = null,
    IReadOnlyList<string>? Texts = null) : Parameter(Name, When)
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsOrdered => Ordered;

    /// <inheritdoc/>
    [JsonIgnore]
    public override long? Count => Values.Count;

    internal override double Low => -0.5;

    internal override double High => Values.Count - 0.5;

    internal override double ToNumber(string value) => Values.TakeWhile(other => other != value).Count();

    internal override string FromNumber(double number) => Values[(int)Math.Clamp(Math.Round(number), 0, Values.Count - 1)];

    internal override bool Accepts(string value) => Values.Contains(value);
}

/// <summary>A whole number.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Minimum">The smallest.</param>
/// <param name="Maximum">The largest.</param>
/// <param name="Log">Whether it is searched on a logarithmic scale.</param>
/// <param name="When">The condition under which it means anything.</param>
/// <param name="Step">Its values are <paramref name="Minimum"/> and every so many after it. Default 1.</param>
public sealed record IntParameter(
    string Name, long Minimum, long Maximum, bool Log = false, string? When = null, long Step = 1) : Parameter(Name, When)
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsOrdered => true;

    /// <inheritdoc/>
    [JsonIgnore]
    public override long? Count => (Maximum - Minimum) / Step + 1;

    internal override double Low => Scale(Minimum - Step / 2.0);

    internal override double High => Scale(Last + Step / 2.0);

    internal override double ToNumber(string value) => Scale(long.Parse(value, CultureInfo.InvariantCulture));

    internal override string FromNumber(double number) =>
        ((long)Math.Clamp(Minimum + Step * Math.Round(((Log ? Math.Exp(number) : number) - Minimum) / Step), Minimum, Last)).ToString(CultureInfo.InvariantCulture);

    private long Last => Minimum + (Maximum - Minimum) / Step * Step;

    internal override bool Accepts(string value) =>
        long.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            && number >= Minimum
            && number <= Maximum
            && (number - Minimum) % Step == 0;

    private double Scale(double value) => Log ? Math.Log(Math.Max(value, 0.5)) : value;
}

/// <summary>A real number.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Minimum">The smallest.</param>
/// <param name="Maximum">The largest.</param>
/// <param name="Log">Whether it is searched on a logarithmic scale.</param>
/// <param name="When">The condition under which it means anything.</param>
/// <param name="Step">Its values are <paramref name="Minimum"/> and every so much after it; 0, the default, for all between.</param>
public sealed record RealParameter(
    string Name, double Minimum, double Maximum, bool Log = false, string? When = null, double Step = 0) : Parameter(Name, When)
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsOrdered => true;

    /// <inheritdoc/>
    [JsonIgnore]
    public override long? Count => Step > 0 ? Steps + 1 : null;

    internal override double Low => Scale(Math.Max(Minimum - Step / 2, Log ? Minimum / 2 : double.NegativeInfinity));

    internal override double High => Scale(Step > 0 ? Minimum + Steps * Step + Step / 2 : Maximum);

    internal override double ToNumber(string value) => Scale(double.Parse(value, CultureInfo.InvariantCulture));

    internal override string FromNumber(double number)
    {
        var value = Math.Clamp(Log ? Math.Exp(number) : number, Minimum, Maximum);
        return Step <= 0
            ? value.ToString("R", CultureInfo.InvariantCulture)
            : At(Math.Clamp(Math.Round((value - Minimum) / Step), 0, Steps)).ToString("R", CultureInfo.InvariantCulture);
    }

    internal override bool Accepts(string value) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= Minimum && number <= Maximum
        && (Step <= 0 || Math.Abs(number - At(Math.Round((number - Minimum) / Step))) <= 1e-9 * Math.Max(1, Math.Abs(number)));

    private long Steps => (long)Math.Floor((Maximum - Minimum) / Step + 1e-9);

    /// <summary>A step's value without the digits that adding binary fractions leaves behind.</summary>
    private double At(double step) => (double)Math.Round((decimal)Minimum + (decimal)Step * (decimal)step, 12);

    private double Scale(double value) => Log ? Math.Log(value) : value;
}

/// <summary>Yes or no.</summary>
public sealed record BooleanParameter(string Name, string? When = null) : Parameter(Name, When)
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsOrdered => false;

    /// <inheritdoc/>
    [JsonIgnore]
    public override long? Count => 2;

    internal override double Low => -0.5;

    internal override double High => 1.5;

    internal override double ToNumber(string value) => value == "true" ? 1 : 0;

    internal override string FromNumber(double number) => number >= 0.5 ? "true" : "false";

    internal override bool Accepts(string value) => value is "true" or "false";
}

namespace Godwit.Goals;

/// <summary>A key of a goal file, for people and for editors.</summary>
/// <param name="Path">Where it stands; <c>*</c> for any name, <c>[]</c> for an element of a list.</param>
/// <param name="Type">text, number, whole, fraction, duration, size, flag, list (of texts), map, maps (one or a list of them), text
/// or map, texts or maps, points.</param>
/// <param name="Default">What holds without it; empty for nothing, <c>required</c> where it must be there.</param>
/// <param name="Meaning">What it says, one or two sentences.</param>
/// <param name="Example">A value as it is written.</param>
/// <param name="Values">The only values that it takes; null for any.</param>
public sealed record GoalKey(
    string Path, string Type, string Default, string Meaning, string Example, IReadOnlyList<string>? Values = null);

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Godwit.Guardian;

/// <summary>What an action may do at worst, as the reviewer model sees it.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReviewRisk>))]
public enum ReviewRisk
{
    /// <summary>Nothing that matters outside of the agent's own files.</summary>
    Low,

    /// <summary>Something that can be undone.</summary>
    Medium,

    /// <summary>Something that is hard to undo, or that others see.</summary>
    High,

    /// <summary>Something that can't be undone, or that takes secrets or rights.</summary>
    Critical,
}

/// <summary>Whether the user wants an action.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReviewAuthorisation>))]
public enum ReviewAuthorisation
{
    /// <summary>The user's words name it.</summary>
    Explicit,

    /// <summary>What the user's words ask for can't be done without it.</summary>
    Implied,

    /// <summary>Nothing of what the user said asks for it.</summary>
    None,
}

/// <summary>How a review ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ReviewOutcome>))]
public enum ReviewOutcome
{
    /// <summary>It may be done.</summary>
    Allow,

    /// <summary>It may not.</summary>
    Deny,

    /// <summary>No verdict came in time; that is no denial, and no permission either.</summary>
    TimedOut,

    /// <summary>No verdict came that could be read, or nobody could be asked.</summary>
    Unavailable,
}

/// <summary>What a reviewer model says of an action.</summary>
/// <param name="Outcome">Whether it may be done.</param>
/// <param name="Risk">What it may do at worst; null where there is no verdict.</param>
/// <param name="Authorisation">Whether the user wants it; null where there is no verdict.</param>
/// <param name="Rationale">Why, in 1 to 1,000 characters.</param>
public sealed record ReviewVerdict(ReviewOutcome Outcome, ReviewRisk? Risk, ReviewAuthorisation? Authorisation, string Rationale)
{
    /// <summary>The longest rationale, in characters.</summary>
    public const int LongestRationale = 1000;

    private static readonly string[] Names = ["risk", "authorisation", "outcome", "rationale"];

    /// <summary>
    /// Reads a verdict: a JSON object of just the four fields, each with one of its values, that doesn't contradict itself.
    /// </summary>
    /// <param name="text">All that the model said.</param>
    /// <param name="problem">What is wrong with it; null where it is a verdict.</param>
    public static ReviewVerdict? Parse(string text, out string? problem)
    {
        try
        {
            using var read = JsonDocument.Parse(text.Trim(), new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (read.RootElement.ValueKind != JsonValueKind.Object)
            {
                problem = "it isn't a JSON object";
                return null;
            }

            var fields = read.RootElement.EnumerateObject().ToDictionary(field => field.Name, field => field.Value, StringComparer.Ordinal);
            if (!fields.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(Names))
            {
                problem = $"it must have {string.Join(", ", Names)} and nothing else";
                return null;
            }

            if (!IsOne<ReviewRisk>("risk", out var risk)
                || !IsOne<ReviewAuthorisation>("authorisation", out var authorisation)
                || !IsOne<ReviewOutcome>("outcome", out var outcome)
                || outcome is not (ReviewOutcome.Allow or ReviewOutcome.Deny))
            {
                problem = "risk must be low, medium, high or critical, authorisation explicit, implied or none, and outcome allow or deny";
                return null;
            }

            var rationale = fields["rationale"].ValueKind == JsonValueKind.String ? fields["rationale"].GetString()!.Trim() : "";
            if (rationale.Length is 0 or > LongestRationale)
            {
                problem = $"rationale must be a text of 1 to {LongestRationale} characters";
                return null;
            }

            if (outcome == ReviewOutcome.Allow && (risk == ReviewRisk.Critical
                || (risk == ReviewRisk.High && authorisation != ReviewAuthorisation.Explicit)))
            {
                problem = "it allows what is critical, or high without the user's own word";
                return null;
            }

            problem = null;
            return new ReviewVerdict(outcome, risk, authorisation, rationale);

            bool IsOne<T>(string name, out T value)
                where T : struct, Enum
            {
                value = default;
                return fields[name].ValueKind == JsonValueKind.String
                    && fields[name].GetString()!.All(char.IsAsciiLetterLower)
                    && Enum.TryParse(fields[name].GetString(), ignoreCase: true, out value);
            }
        }
        catch (Exception unread) when (unread is JsonException or InvalidOperationException or ArgumentException)
        {
            // Half a character in a text, too.
            problem = "it isn't JSON";
            return null;
        }
    }

    /// <summary>
    /// Whether an agent is to be stopped for what was denied to it: three in a row, or ten of the last fifty, as in Codex's guardian.
    /// </summary>
    /// <param name="denials">Its verdicts, oldest first; true for a denial.</param>
    public static bool Breaks(IReadOnlyList<bool> denials)
    {
        const int InARow = 3;
        const int OfTheLast = 10;
        const int Last = 50;
        return (denials.Count >= InARow && denials.TakeLast(InARow).All(denied => denied))
            || denials.TakeLast(Last).Count(denied => denied) >= OfTheLast;
    }
}

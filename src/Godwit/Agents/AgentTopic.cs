using Godwit.Durable.Journal;

namespace Godwit.Agents;

/// <summary>What the entries of an agent's process are about: what whoever reads a journal knows them by.</summary>
internal static class AgentTopic
{
    /// <summary>A model's answer.</summary>
    public const string Reply = "reply";

    /// <summary>What tool calls came to.</summary>
    public const string Results = "results";

    /// <summary>What was wrong with a form that an agent has filled in; an empty list where it was taken.</summary>
    public const string Form = "form";

    /// <summary>A tool call that a person, or nobody, has let through.</summary>
    public const string Refused = "refused";

    /// <summary>An action that waits for a person.</summary>
    public const string Asked = "asked";

    /// <summary>What a reviewer model said of an action that a rule asks about.</summary>
    public const string Review = "review";

    /// <summary>What became of an action that was reviewed.</summary>
    public const string Verdict = "verdict";

    /// <summary>The whole life of a program in an agent's place.</summary>
    public const string Program = "program";

    /// <summary>The topic of a note, or of a step that has ended; null for none.</summary>
    /// <param name="entry">An entry of an agent's process.</param>
    public static string? Of(Entry entry) =>
        entry.Kind is EntryKind.Noted or EntryKind.StepCompleted ? entry.Topic ?? OfKey(entry.Key) : null;

    /// <summary>The same in journals of before topics, in which keys alone tell.</summary>
    private static string? OfKey(string key)
    {
        var parts = key.Split('/');
        var last = parts.Length > 1 && int.TryParse(parts[^1], out _) ? parts[^2] : parts[^1];
        return last switch
        {
            "ask" => Reply,
            "tools" or "granted" => Results,
            "refused" => Refused,
            "asked" => Asked,
            "program" => Program,
            _ => null,
        };
    }
}

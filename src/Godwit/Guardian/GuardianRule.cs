using System.IO.Enumeration;

namespace Godwit.Guardian;

/// <summary>A rule as its file has it.</summary>
internal sealed class GuardianRule
{
    public string Name { get; set; } = "";

    public List<EffectKind> Effects { get; set; } = [];

    public List<PathPlace> Places { get; set; } = [];

    public List<string> Targets { get; set; } = [];

    public Verdict Verdict { get; set; }

    public string Reason { get; set; } = "";

    public List<string> Loosens { get; set; } = [];

    public List<string> Matching { get; set; } = [];

    public List<string> NotMatching { get; set; } = [];

    public bool Matches(ActionEffect effect) =>
        Effects.Contains(effect.Kind)
        && (Places.Count == 0 || Places.Contains(effect.Place))
        && (Targets.Count == 0 || Targets.Exists(target => FileSystemName.MatchesSimpleExpression(target, effect.Target, ignoreCase: false)));
}

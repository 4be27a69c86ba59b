using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Measuring;
using Godwit.Playbooks.Optimise;
using Godwit.Verification;

namespace Godwit.Playbooks.Compare;

/// <summary>Runs that tell whether one commit's number is really better than another's.</summary>
public sealed class CompareKind : RunKind
{
    /// <inheritdoc/>
    public override string Name => "compare";

    /// <inheritdoc/>
    public override RunView View(JournalReader reader) => new CompareView(reader);
}

/// <summary>What can be told of a comparison.</summary>
/// <param name="reader">Its journal.</param>
internal sealed class CompareView(JournalReader reader) : RunView(reader)
{
    private readonly CompareInput _input = RootProcess.Input<CompareInput>(reader, "compare");
    private readonly CommandLog _commands = new();

    public override string Title => $"{_input.Base.Goal.Title}: {_input.HeadCommit[..12]} against {_input.Base.BaseCommit[..12]}";

    public override bool HasAgents => false;

    protected override RunStatus? Outcome => Compared?.Verdict switch
    {
        null => null,
        "failed" => RunStatus.Failed,
        _ => RunStatus.Completed,
    };

    protected override string? Conclusion => Compared is { } compared ? $"{compared.Verdict}: {compared.Reason}" : null;

    private CompareResult? Compared => Result is { } json ? Canonical.Deserialize<CompareResult>(json.Span) : null;

    protected internal override IEnumerable<(string Of, CommandRecord Command)> CommandsIn(Entry entry) => _commands.In(entry);
}

using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Build;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Playbooks.Land;

/// <summary>What can be told of branches that are landed.</summary>
/// <param name="reader">Its journal.</param>
public sealed class LandView(JournalReader reader) : RunView(reader)
{
    private readonly LandInput _input = RootProcess.Input<LandInput>(reader, "land");

    /// <inheritdoc/>
    public override string Title => $"Land {string.Join(", ", _input.Branches.Select(branch => branch.Name))} on {_input.Ground.BaseCommit[..12]}";

    /// <inheritdoc/>
    public override bool HasAgents => false;

    /// <inheritdoc/>
    public override RunDeliverable? Deliverable => Ended is { Commit: { } commit } ended
        ? new RunDeliverable(
            _input.Ground.Source, _input.Ground.BaseCommit, commit, ended.Branch ?? _input.Ground.Branch, ended.Branch is not null, ended.Reason)
        : null;

    /// <inheritdoc/>
    protected override RunStatus? Outcome => Ended?.State switch
    {
        null => null,
        "verified" => RunStatus.Verified,
        "partial" => RunStatus.NotVerified,
        _ => RunStatus.Failed,
    };

    /// <inheritdoc/>
    protected override string? Conclusion => Ended?.Reason;

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Summary => Ended is null ? [] : [.. Lines(), new RunLine("result", Ended.Reason)];

    /// <inheritdoc/>
    public override IEnumerable<RunLine> Verdict
    {
        get
        {
            if (Ended is not { } ended)
            {
                yield break;
            }

            foreach (var line in Lines())
            {
                yield return line;
            }

            yield return new RunLine(ended.State, ended.Reason, ended.State == "verified" ? Tone.Good : Tone.Bad);
            if (ended.Branch is { } branch)
            {
                yield return new RunLine("branch", $"{branch}: git log --first-parent {branch}, or 'godwit apply {Run}'");
            }

            if (ended.Evidence is { } evidence)
            {
                yield return new RunLine("evidence", Path.Combine(Folder.Evidence, evidence));
            }
        }
    }

    /// <inheritdoc/>
    public override object ToJson(RunStatus status) => new
    {
        Run,
        State = status,
        Playbook,
        Title,
        Reason,
        Branches = (Ended?.Branches ?? []).Select(one => new { one.Branch.Name, one.Branch.Commit, Landed = one.Tip is not null, one.Reason }),
        Flakes = Ended?.Flakes ?? [],
        Ended?.Commit,
        Ended?.Branch,
        Evidence = Ended?.Evidence is { } evidence ? Path.Combine(Folder.Evidence, evidence) : null,
        Report = Report(),
    };

    /// <inheritdoc/>
    protected internal override IEnumerable<(string Of, CommandRecord Command)> CommandsIn(Entry entry) => BuildView.GateCommandsIn(entry);

    /// <summary>What it came to; null before its end.</summary>
    public LandResult? Ended => Result is { } json ? Canonical.Deserialize<LandResult>(json.Span) : null;

    /// <summary>Whether it has come to its end with every branch landed, and verified.</summary>
    public override bool IsAsExpected => Ended is { State: "verified" } ended && ended.Branches.All(one => one.Tip is not null);

    private IEnumerable<RunLine> Lines()
    {
        foreach (var one in Ended!.Branches)
        {
            yield return one.Tip is { } tip
                ? new RunLine(one.Branch.Name, $"landed as {tip[..12]}", Tone.Good)
                : new RunLine(one.Branch.Name, one.Reason ?? "", Tone.Bad);
        }

        foreach (var flake in Ended.Flakes)
        {
            yield return new RunLine("flake", $"{flake.Name} failed and passed on the same tip: {flake.Reason}", Tone.Bad);
        }
    }
}

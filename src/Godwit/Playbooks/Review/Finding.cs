namespace Godwit.Playbooks.Review;

/// <summary>How urgent a finding is.</summary>
public enum Priority
{
    /// <summary>Data loss, injection, a crash in ordinary use.</summary>
    P0,

    /// <summary>Wrong in a case that users meet.</summary>
    P1,

    /// <summary>Wrong in a case that few meet.</summary>
    P2,

    /// <summary>A remark.</summary>
    P3,
}

/// <summary>Something that a reviewer says is wrong, and what became of that.</summary>
public sealed record FindingRecord
{
    /// <summary>Its name in the ledger.</summary>
    public required string Id { get; init; }

    /// <summary>Who found it.</summary>
    public required string Reviewer { get; init; }

    /// <summary>Which of a change's reviewers that is, from 1: the same one may take it back.</summary>
    public int Slot { get; init; }

    /// <summary>As it was written.</summary>
    public required Finding Finding { get; init; }

    /// <summary>What its reproduction showed; null where it had none.</summary>
    public Reproduction? Reproduction { get; init; }

    /// <summary>Whether the change can't be merged with it.</summary>
    public bool Blocks { get; init; }

    /// <summary>Why it blocks, or doesn't.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What became of it since.</summary>
    public FindingState State { get; init; }
}

/// <summary>What became of a finding.</summary>
public enum FindingState
{
    /// <summary>It stands.</summary>
    Open,

    /// <summary>Its reproduction passes on the new work, and still fails on the old.</summary>
    Closed,

    /// <summary>Its reviewer took it back.</summary>
    Withdrawn,
}

/// <summary>A finding as a reviewer writes it.</summary>
public sealed record Finding
{
    /// <summary>The file.</summary>
    public string File { get; init; } = "";

    /// <summary>The line, from 1; 0 for the file as a whole.</summary>
    public int Line { get; init; }

    /// <summary>How urgent it is.</summary>
    public Priority Priority { get; init; } = Priority.P2;

    /// <summary>What is wrong.</summary>
    public string Claim { get; init; } = "";

    /// <summary>What makes it show.</summary>
    public string Trigger { get; init; } = "";

    /// <summary>A command that exits 0 where it isn't wrong, and otherwise where it is; empty for none.</summary>
    public string Command { get; init; } = "";

    /// <summary>Files that the command needs, laid over the checkout.</summary>
    public IReadOnlyList<FindingFile> Files { get; init; } = [];

    /// <summary>The assertion, contract or documented sentence that is broken, where the base can't run the command.</summary>
    public string Cites { get; init; } = "";
}

/// <summary>A file of a reproduction.</summary>
/// <param name="Path">From the top of the repository.</param>
/// <param name="Content">Its text.</param>
public sealed record FindingFile(string Path, string Content);

/// <summary>What a reproduction showed: the exit codes of its runs on clean checkouts.</summary>
/// <param name="AtBase">On what the work started from.</param>
/// <param name="AtTip">On the work.</param>
public sealed record Reproduction(IReadOnlyList<int> AtBase, IReadOnlyList<int> AtTip)
{
    /// <summary>Whether it always fails on the work, and never for want of a command.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool AlwaysFailsAtTip => AtTip.All(code => code is not (0 or 126 or 127));

    /// <summary>Whether it always passes on what the work started from.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool AlwaysPassesAtBase => AtBase.All(code => code == 0);
}

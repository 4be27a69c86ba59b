using Godwit.Durable.Journal;

namespace Godwit.Playbooks;

/// <summary>What a playbook registers, so that every command, view and report works for its runs.</summary>
public abstract class RunKind
{
    /// <summary>The name of the playbook that its runs begin with.</summary>
    public abstract string Name { get; }

    /// <summary>What can be told of a run of it; nothing has been read of it yet.</summary>
    /// <exception cref="JournalException">The journal can't be read.</exception>
    public abstract RunView View(JournalReader reader);

    /// <summary>Takes up a run.</summary>
    /// <exception cref="JournalException">It can't be owned or isn't what was written.</exception>
    /// <exception cref="ArgumentException">Its runs aren't resumed.</exception>
    public virtual Task<RunHost> ResumeAsync(RunResume resume, CancellationToken cancellation) =>
        throw new ArgumentException($"{resume.Folder.Id} is of playbook '{Name}', whose runs aren't resumed; start another");
}

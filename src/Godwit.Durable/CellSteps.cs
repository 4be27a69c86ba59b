using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>The steps of a process that are running: their bodies work off its scheduler, beside each other.</summary>
/// <param name="cell">The process.</param>
/// <param name="host">Its host.</param>
/// <param name="cancelled">Ends their bodies when the process is cancelled or has ended.</param>
internal sealed class CellSteps(ProcessCell cell, DurableRun host, CancellationToken cancelled)
{
    private readonly HashSet<string> _running = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _trees = new(StringComparer.Ordinal);

    public bool Any => _running.Count > 0;

    public void Ended(string? key)
    {
        if (key is not null)
        {
            _running.Remove(key);
        }
    }

    public void Start(StepWork work, KeyState state)
    {
        if (state.Parked is not null)
        {
            cell.Execution!.Find(work.Key)!.Idle = true;
        }
        else if (_running.Add(work.Key))
        {
            if (work.Effect is Effect.PaidCase)
            {
                cell.Appends.Soon();
            }

            // Bodies run beside each other and never on the process's scheduler.
            var (former, openIntents, accepted) = (state.Answer, state.OpenIntents, state.Accepted);
            host.Track(Task.Run(() => RunStepAsync(work, former, openIntents, accepted)));
        }
    }

    private async Task RunStepAsync(StepWork work, Entry? former, IReadOnlyList<Entry> openIntents, bool accepted)
    {
        var end = await RunBodyAsync(work, former, openIntents, accepted);
        if (end == StepEnd.Interrupted)
        {
            cell.Interrupted(work.Key);
            return;
        }

        if (end.Info.Tree is { } tree)
        {
            lock (_trees)
            {
                _trees[end.Info.Workspace!] = tree;
            }
        }

        // Contents are read from the journal, and can't be before they are in it.
        var ahead = work.Effect is not Effect.ExternalCase && end.Blobs.Count == 0 && !host.Options.ReplayAfterEveryEntry;
        var later = ahead && work.Effect is not Effect.PaidCase && !host.Stopping.IsCancellationRequested;
        await cell.Appends.AppendAsync(end.Drafts, end.Blobs, ran: work.Key, appended: end.Appended, ahead: ahead, later: later);
    }

    private async Task<StepEnd> RunBodyAsync(StepWork work, Entry? former, IReadOnlyList<Entry> openIntents, bool accepted)
    {
        try
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancelled, host.Stopping);
            if (work.Effect is Effect.WorkspaceCase { Target: var workspace })
            {
                await SyncWorkspaceAsync(workspace, work.Tree!, cancellation.Token);
            }

            var runner = new StepRunner(host.Journal, host.Clock, host.Options, cell.Id, host.Trace, cell.Intended);
            return await runner.RunAsync(work, former, openIntents, accepted, cancellation.Token);
        }
        finally
        {
            if (work.Effect is Effect.PaidCase)
            {
                // Others were queued behind its intent; if there was none, they are written here.
                host.Journal.Flush();
            }
        }
    }

    /// <summary>The files are trusted only while every step on them since they were last set stands in the journal's queue.</summary>
    private async Task SyncWorkspaceAsync(IWorkspace workspace, string tree, CancellationToken cancellation)
    {
        bool known;
        lock (_trees)
        {
            known = _trees.Remove(workspace.Id, out var current) && current == tree;
        }

        if (!known)
        {
            await workspace.ResetAsync(tree, cancellation);
        }
    }
}

using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>
/// Runs the bodies of a process's steps, off its scheduler and beside each other, each on the files that it was asked for.
/// </summary>
/// <param name="host">The process's host.</param>
/// <param name="process">The process.</param>
/// <param name="intended">Is told what was appended before a body is tried.</param>
/// <param name="cancelled">Ends them when the process is cancelled or has ended.</param>
internal sealed class StepBodies(DurableRun host, long process, Action<IReadOnlyList<Draft>, Receipt> intended, CancellationToken cancelled)
{
    private readonly Dictionary<string, string> _trees = new(StringComparer.Ordinal);

    /// <summary>Runs a step to its end.</summary>
    /// <param name="work">The step.</param>
    /// <param name="former">Its last answer, to another input.</param>
    /// <param name="openIntents">Calls of it that were in flight when an owner died.</param>
    /// <param name="accepted">A person has said to go on with the input that is asked now.</param>
    public async Task<StepEnd> RunAsync(StepWork work, Entry? former, IReadOnlyList<Entry> openIntents, bool accepted)
    {
        try
        {
            using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancelled, host.Stopping);
            if (work.Effect is Effect.WorkspaceCase { Target: var workspace })
            {
                await SyncWorkspaceAsync(workspace, work.Tree!, cancellation.Token);
            }

            var runner = new StepRunner(host.Journal, host.Clock, host.Options, process, host.Trace, intended);
            var end = await runner.RunAsync(work, former, openIntents, accepted, cancellation.Token);
            if (end is StepEnd.Stated { Info: { Tree: { } tree, Workspace: { } changed } })
            {
                lock (_trees)
                {
                    _trees[changed] = tree;
                }
            }

            return end;
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

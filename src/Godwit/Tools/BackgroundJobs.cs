using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Godwit.Egress;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>
/// Commands that run on while their agent goes on. Each has a copy of the files as they were when it started, so that a tree
/// keeps its one writer. They end with their agent, and are lost in a crash.
/// </summary>
/// <param name="sandbox">Where they run.</param>
/// <param name="network">What they may reach.</param>
/// <param name="template">Home, mounts, environment and limits of every command.</param>
/// <param name="folder">A folder for the copies.</param>
/// <param name="time">Measures how long they have run.</param>
public sealed class BackgroundJobs(
    SandboxRunner sandbox, RunNetwork network, SandboxCommand template, string folder, TimeProvider time) : IAsyncDisposable
{
    private const int MostOfAgent = 4;
    private const int Printed = 20_000;

    private readonly ConcurrentDictionary<(string Agent, string Id), Job> _jobs = new();

    /// <summary>Starts one, and says by what name it is asked for.</summary>
    /// <exception cref="ToolException">It runs already, or too many do.</exception>
    public async Task<string> StartAsync(AgentTree tree, string command, TimeSpan timeout, CancellationToken cancellation)
    {
        // The name is the command's, so that after a crash nobody takes one job for another.
        var id = $"job-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(command)))[..6]}";
        var running = _jobs.Where(job => job.Key.Agent == tree.Id && !job.Value.Work.IsCompleted).Select(job => job.Key.Id).ToList();
        if (running.Contains(id))
        {
            throw new ToolException($"{id} runs already with this command; read it with 'job', or stop it first");
        }

        if (running.Count >= MostOfAgent)
        {
            throw new ToolException($"{MostOfAgent} jobs run already; wait for one, or stop one");
        }

        await EndAsync((tree.Id, id));
        var copy = Path.Combine(folder, $"{tree.Id}-{id}");
        await CopyAsync(tree.Path, copy, cancellation);
        var output = new CappedOutput(Printed);
        var stop = new CancellationTokenSource();
        var started = time.GetTimestamp();
        var work = network.RunAsync(
            sandbox, template with { Shell = $"exec 2>&1\n{command}", Tree = copy, Timeout = timeout, Debugging = true },
            NetworkUse.Agents, tree.Id, stop.Token, new SandboxSession { Watched = output });
        _jobs[(tree.Id, id)] = new Job(work, output, stop, copy, started);
        return id;
    }

    /// <summary>How a job stands, after a while or at its end, and what it has printed.</summary>
    /// <exception cref="ToolException">There is no such job.</exception>
    public async Task<ToolOutput> ReadAsync(AgentTree tree, string id, TimeSpan wait, bool stop, CancellationToken cancellation)
    {
        var job = _jobs.GetValueOrDefault((tree.Id, id))
            ?? throw new ToolException($"there is no {id}: it was never started, or was lost when Godwit was; start it again with 'run'");
        if (stop)
        {
            await job.Stop.CancelAsync();
        }

        try
        {
            var result = await job.Work.WaitAsync(stop ? Timeout.InfiniteTimeSpan : wait, time, cancellation);
            var end = result.TimedOut
                ? $"killed at its timeout, after {result.Elapsed.TotalSeconds:0.0} s"
                : $"exit code {result.ExitCode}, {result.Elapsed.TotalSeconds:0.0} s";
            return new ToolOutput($"{end}\n{job.Output}", result.TimedOut || result.ExitCode != 0);
        }
        catch (TimeoutException)
        {
            return new ToolOutput($"still running, for {time.GetElapsedTime(job.Started).TotalSeconds:0} s so far\n{job.Output}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ToolOutput($"stopped\n{job.Output}");
        }
        catch (SandboxException error)
        {
            throw new ToolException(error.Message);
        }
    }

    /// <summary>Ends all jobs of an agent.</summary>
    public Task EndAsync(string agent) => Task.WhenAll(_jobs.Keys.Where(key => key.Agent == agent).Select(EndAsync));

    /// <summary>Takes away what the jobs of an earlier owner have left.</summary>
    public void Clear() => Delete(folder);

    /// <summary>Ends all jobs.</summary>
    public async ValueTask DisposeAsync() => await Task.WhenAll(_jobs.Keys.Select(EndAsync));

    private async Task EndAsync((string Agent, string Id) key)
    {
        if (!_jobs.TryRemove(key, out var job))
        {
            return;
        }

        await job.Stop.CancelAsync();
        await job.Work.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        job.Stop.Dispose();
        Delete(job.Tree);
    }

    private static async Task CopyAsync(string tree, string copy, CancellationToken cancellation)
    {
        Delete(copy);
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        using var process = Process.Start(
            new ProcessStartInfo("cp", ["-a", "--reflink=auto", "--", tree, copy]) { RedirectStandardError = true })!;
        await using var kill = cancellation.Register(process.Kill);
        var complaint = await process.StandardError.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode != 0)
        {
            Delete(copy);
            cancellation.ThrowIfCancellationRequested();
            throw new ToolException($"the files could not be copied for the job: {complaint.Trim().Split('\n')[^1]}");
        }
    }

    private static void Delete(string path)
    {
        try
        {
            if (Directory.Exists(path))
            {
                FileSystem.DeleteAll(path);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A folder that a command has made read-only stays until the run's folder goes; nobody looks into it.
        }
    }

    private sealed record Job(Task<SandboxResult> Work, CappedOutput Output, CancellationTokenSource Stop, string Tree, long Started);
}

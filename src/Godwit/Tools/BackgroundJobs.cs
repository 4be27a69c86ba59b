using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>
/// Commands that run on while their agent goes on. Each has a copy of the files as they were when it started, so that a tree
/// keeps its one writer. They end with their agent, and are lost in a crash.
/// </summary>
/// <param name="sandbox">Where they run.</param>
/// <param name="template">Home, mounts, environment and limits of every command.</param>
/// <param name="folder">A folder for the copies.</param>
/// <param name="time">Measures how long they have run.</param>
public sealed class BackgroundJobs(SandboxHost sandbox, SandboxCommand template, string folder, TimeProvider time) : IDisposable
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
        if (_jobs.TryGetValue((tree.Id, id), out var known))
        {
            if (!known.Work.IsCompleted)
            {
                throw new ToolException($"{id} runs already with this command; read it with 'job', or stop it first");
            }

            await EndAsync(known);
        }

        if (_jobs.Count(job => job.Key.Agent == tree.Id && !job.Value.Work.IsCompleted) >= MostOfAgent)
        {
            throw new ToolException($"{MostOfAgent} jobs run already; wait for one, or stop one");
        }

        var copy = Path.Combine(folder, $"{tree.Id}-{id}");
        await CopyAsync(tree.Path, copy, cancellation);
        var output = new CappedOutput(Printed);
        var stop = new CancellationTokenSource();
        var started = time.GetTimestamp();
        var work = sandbox.RunAsync(template with { Shell = $"exec 2>&1\n{command}", Tree = copy, Timeout = timeout }, stop.Token, output);
        _jobs[(tree.Id, id)] = new Job(work, output, stop, copy, started);
        return id;
    }

    /// <summary>How a job stands, after a while or at its end, and what it has printed.</summary>
    /// <exception cref="ToolException">There is no such job.</exception>
    public async Task<ToolOutput> ReadAsync(AgentTree tree, string id, TimeSpan wait, bool stop, CancellationToken cancellation)
    {
        var job = _jobs.GetValueOrDefault((tree.Id, id)) ?? throw new ToolException($"there is no {id}: it was never started, or was lost when Godwit was; start it again with 'run'");
        if (stop)
        {
            await job.Stop.CancelAsync();
        }

        try
        {
            var result = await job.Work.WaitAsync(wait, time, cancellation);
            var end = result.TimedOut ? $"killed at its timeout, after {result.Elapsed.TotalSeconds:0.0} s" : $"exit code {result.ExitCode}, {result.Elapsed.TotalSeconds:0.0} s";
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
    public async Task EndAsync(string agent)
    {
        foreach (var (key, job) in _jobs.Where(job => job.Key.Agent == agent))
        {
            await EndAsync(job);
            _jobs.TryRemove(key, out _);
        }
    }

    /// <summary>Takes away what the jobs of an owner that has crashed have left.</summary>
    public void Clear()
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Ends all jobs.</summary>
    public void Dispose()
    {
        foreach (var job in _jobs.Values)
        {
            job.Stop.Cancel();
        }
    }

    private static async Task EndAsync(Job job)
    {
        await job.Stop.CancelAsync();
        await job.Work.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        job.Stop.Dispose();
        Directory.Delete(job.Tree, recursive: true);
    }

    private static async Task CopyAsync(string tree, string copy, CancellationToken cancellation)
    {
        if (Directory.Exists(copy))
        {
            Directory.Delete(copy, recursive: true);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        using var process = Process.Start(new ProcessStartInfo("cp", ["-a", "--reflink=auto", "--", tree, copy]) { RedirectStandardError = true })!;
        var complaint = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        if (process.ExitCode != 0)
        {
            throw new ToolException($"the files could not be copied for the job: {complaint.Trim().Split('\n')[^1]}");
        }
    }

    private sealed record Job(Task<SandboxResult> Work, CappedOutput Output, CancellationTokenSource Stop, string Tree, long Started);
}

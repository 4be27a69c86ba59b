using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Godwit.Sandbox;

/// <summary>Runs commands in sandboxes, and kills each with all that it started when its time is over.</summary>
public sealed partial class SandboxRunner : IDisposable
{
    /// <summary>The limit of memory.</summary>
    public const string Memory = "memory";

    /// <summary>The limit of processes and threads.</summary>
    public const string Processes = "processes";

    /// <summary>The limit that no machine holds: what a command writes into its workspace.</summary>
    public const string Workspace = "workspace";

    private const string Nothing = "none";

    // Joins the groups, opens the filter as descriptor 9 and becomes the sandbox: no process of ours stays in between.
    private const string Prelude = """
        ulimit -c 0
        for group in $1; do echo $$ > "$group/cgroup.procs" || exit 125; done
        if [ -n "$2" ]; then exec 9<"$2"; fi
        shift 2
        exec "$@"
        """;

    private readonly ConcurrentBag<Cgroup> _idle = [];
    private readonly ConcurrentBag<Cgroup> _all = [];
    private readonly SandboxAssets _assets;
    private readonly PrivateHomes _homes = new();
    private readonly TimeProvider _time;
    private readonly string _home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile) is { Length: > 1 } home
        ? home
        : "/root";

    /// <summary>Makes a host.</summary>
    /// <param name="kind">How commands are kept apart.</param>
    /// <param name="assets">A folder for the files that every sandbox is given.</param>
    /// <param name="time">The clock of timeouts.</param>
    public SandboxRunner(SandboxKind kind, string assets, TimeProvider time)
    {
        Descriptors.MarkCloseOnExec();
        Kind = kind;
        _time = time;
        _assets = SandboxAssets.Write(assets, _home);
    }

    /// <summary>How commands are kept apart.</summary>
    public SandboxKind Kind { get; }

    /// <summary>Files that a sandboxed command is to change must belong to it; -1 where it is the same user.</summary>
    public int OwnerOfFiles => Kind == SandboxKind.Bubblewrap && IsRoot ? SandboxAssets.HostUserId : -1;

    /// <summary>The same for commands of the harness, which no candidate can reach.</summary>
    public int OwnerOfHarness => Kind == SandboxKind.Bubblewrap && IsRoot ? SandboxAssets.HarnessUserId : -1;

    internal static bool IsRoot => EffectiveUser == 0;

    /// <summary>The number of the user that this process acts as.</summary>
    internal static uint EffectiveUser => GetEffectiveUserId();

    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">The command.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <param name="session">Who takes part in it while it runs; null for nobody.</param>
    /// <exception cref="SandboxException">The sandbox could not be made; the message says what to do.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; everything that was started has been killed.</exception>
    public async Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellation, SandboxSession? session = null)
    {
        session ??= new SandboxSession();
        cancellation.ThrowIfCancellationRequested();
        if (command is not { Home: { } home, KeepsHome: false } || Kind == SandboxKind.None)
        {
            return await RunInHomeAsync(command, session, cancellation);
        }

        var owner = command.IsHarness ? OwnerOfHarness : OwnerOfFiles;
        var copy = _homes.Rent(home, owner);
        try
        {
            return await RunInHomeAsync(command with { Home = copy.Path }, session, cancellation);
        }
        finally
        {
            _homes.Return(home, owner, copy);
        }
    }

    /// <summary>Makes a network that sandboxes share; see <see cref="SandboxCommand.Link"/>.</summary>
    /// <exception cref="SandboxException">It could not be made.</exception>
    public Task<LoopbackLink> LinkAsync() =>
        Kind == SandboxKind.None ? Task.FromResult(LoopbackLink.OfHost()) : LoopbackLink.StartAsync(IsRoot);

    private async Task<SandboxResult> RunInHomeAsync(SandboxCommand command, SandboxSession session, CancellationToken cancellation)
    {
        var group = command.Metered ? Cgroup.Create(needsKill: Kind == SandboxKind.None, meters: true) : Rent();
        try
        {
            group.Limit(command.Limits, command.Cpus);
            var start = _time.GetTimestamp();
            using var process = await group.Spawn.StartAsync(StartInfo(command, group));
            var output = session.Watched ?? new CappedOutput(command.Limits.Output);
            var error = new CappedOutput(command.Limits.Output);
            var talking = session.Dialogue is not { } dialogue
                ? Task.WhenAll(output.ReadAsync(process.StandardOutput.BaseStream), WriteInputAsync(process, command.Input))
                : Task.Factory.StartNew(
                    () => dialogue(process.StandardInput.BaseStream, process.StandardOutput.BaseStream, output),
                    CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            var reading = Task.WhenAll(talking, error.ReadAsync(process.StandardError.BaseStream));
            using var timeout = new CancellationTokenSource(command.Timeout, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation, session.Stop);
            var (timedOut, stopped) = (false, false);
            try
            {
                await process.WaitForExitAsync(either.Token);
            }
            catch (OperationCanceledException)
            {
                stopped = session.Stop.IsCancellationRequested;
                timedOut = timeout.IsCancellationRequested && !stopped;
                Kill(process, group);
                await process.WaitForExitAsync(CancellationToken.None);
            }

            // What the command left running would hold its pipes open, and must not outlive it in any case.
            Kill(process, group);
            var elapsed = _time.GetElapsedTime(start);
            await reading;
            cancellation.ThrowIfCancellationRequested();
            var result = new SandboxResult(
                process.ExitCode, timedOut, elapsed, output.ToString(), error.ToString(), stopped, command.Metered ? group.Usage : null);
            RequireSandbox(result);
            return result;
        }
        finally
        {
            if (command.Metered)
            {
                group.Dispose();
            }
            else
            {
                _idle.Add(group);
            }
        }
    }

    /// <summary>Whether a command can be held to <see cref="SandboxCommand.Cpus"/> here, and not only be asked to keep to them.</summary>
    public bool HoldsProcessors
    {
        get
        {
            var group = Rent();
            _idle.Add(group);
            return group.HoldsProcessors;
        }
    }

    /// <summary>Makes sure that sandboxes can be made here, before anything depends on it.</summary>
    /// <param name="tree">A folder that a command may see.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="SandboxException">They can't.</exception>
    public async Task RequireAsync(string tree, CancellationToken cancellation)
    {
        var result = await RunAsync(new SandboxCommand { Shell = "true", Tree = tree, Timeout = TimeSpan.FromSeconds(20) }, cancellation);
        if (result.ExitCode != 0)
        {
            throw new SandboxException(
                $"the sandbox could not be made ({result.Error.Trim().Split('\n')[0]}); 'godwit doctor' says what is missing, " +
                $"and '--sandbox none' runs candidates unprotected");
        }
    }

    /// <summary>How commands are kept apart by a description, or by the name that a user gives.</summary>
    public static SandboxKind KindOf(string described) => described == Nothing ? SandboxKind.None : SandboxKind.Bubblewrap;

    /// <summary>What limits and filters a command here, for the evidence.</summary>
    public string Describe()
    {
        if (Kind == SandboxKind.None)
        {
            return Nothing;
        }

        var group = Rent();
        _idle.Add(group);
        return $"bubblewrap, {(_assets.Seccomp is null ? "no seccomp filter" : "seccomp")}, {group.Description}, " +
        $"{(IsRoot ? "own uid" : "user namespace")}";
    }

    /// <summary>
    /// What this machine doesn't hold a command to, and why: <see cref="Memory"/> and <see cref="Processes"/> where no control group can be
    /// had, <see cref="Workspace"/> everywhere, as no quota is set on its files.
    /// </summary>
    public IReadOnlyDictionary<string, string> NotHeld
    {
        get
        {
            var notHeld = new Dictionary<string, string>
            {
                [Workspace] = "a command can fill the disk that its workspace is on: there is no quota; watch it, or give GODWIT_HOME a disk of its own",
            };
            var group = Rent();
            _idle.Add(group);
            if (!group.LimitsMemory)
            {
                notHeld[Memory] = "no control group limits memory here: each process is held by itself, all together are not";
            }

            if (!group.LimitsProcesses && IsRoot)
            {
                notHeld[Processes] = "no control group limits processes here, and root's limits don't hold them";
            }

            return notHeld;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var group in _all)
        {
            group.Dispose();
        }
    }

    private static async Task WriteInputAsync(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended, or closed its input, before it had read all of it.
        }
    }

    private Cgroup Rent()
    {
        if (_idle.TryTake(out var group))
        {
            return group;
        }

        group = Cgroup.Create(needsKill: Kind == SandboxKind.None, meters: false);
        _all.Add(group);
        return group;
    }

    private ProcessStartInfo StartInfo(SandboxCommand command, Cgroup group)
    {
        var line = Kind == SandboxKind.Bubblewrap
            ? SandboxLine.Build(command, _assets, IsRoot, _home)
            : SandboxLine.Bare(Outside(command), _home);
        var info = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.Combine(command.Tree, command.Folder),
        };
        var filter = command.Debugging ? _assets.SeccompDebugging : _assets.Seccomp;
        var prelude = string.Create(CultureInfo.InvariantCulture, $"{Rlimits(command.Limits, group)}{Prelude}");
        foreach (var argument
            in (string[])["/bin/sh", "-c", prelude, "sh", string.Join(' ', group.Joined), Kind == SandboxKind.Bubblewrap ? filter ?? "" : "", .. line])
        {
            info.ArgumentList.Add(argument);
        }

        return info;
    }

    /// <summary>What limits a command where no control group does.</summary>
    private static string Rlimits(SandboxLimits limits, Cgroup group)
    {
        var memory = group.LimitsMemory ? "" : string.Create(CultureInfo.InvariantCulture, $"ulimit -d {limits.Memory >> 10}; ");

        // dash has -p where other shells have -u for the number of processes; root isn't held by it.
        var processes = group.LimitsProcesses || IsRoot
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"ulimit -p {limits.Processes} 2>/dev/null || ulimit -u {limits.Processes}; ");
        return memory + processes;
    }

    /// <summary>Without a sandbox the paths inside are the paths outside.</summary>
    private static SandboxCommand Outside(SandboxCommand command) => command with
    {
        Environment = command.Environment.ToDictionary(pair => pair.Key, pair => command.Scratch is null
            ? pair.Value
            : pair.Value.Replace(SandboxLine.ScratchInside + "/", command.Scratch + "/", StringComparison.Ordinal)),
    };

    private void RequireSandbox(SandboxResult result)
    {
        if (Kind == SandboxKind.Bubblewrap && result.ExitCode != 0 && result.Error.StartsWith("bwrap: ", StringComparison.Ordinal))
        {
            throw new SandboxException(
                $"the sandbox could not be made ({result.Error.Split('\n')[0]}); 'godwit doctor' says what is missing and how to mend it");
        }
    }

    private static void Kill(Process process, Cgroup group)
    {
        // The launcher is the leader of its session: bubblewrap takes its namespace with it, a bare command its group.
        _ = KillProcess(-process.Id, 9);
        group.Kill();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int KillProcess(int process, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUserId();
}

/// <summary>The sandbox could not be made. The message is one line that says what to do.</summary>
/// <param name="message">What, where and how to mend it.</param>
public sealed class SandboxException(string message) : Exception(message);

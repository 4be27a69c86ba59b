using System.Globalization;

namespace Godwit.Sandbox;

/// <summary>
/// A control group for one command at a time: limits on memory and processes, and a way to kill all of it. Handles v2,
/// the hybrid layout (v1 controllers beside a v2 tree without any), and none.
/// </summary>
internal sealed class Cgroup : IDisposable
{
    private const string Root = "/sys/fs/cgroup";
    private static int _counter;

    private readonly List<string> _folders = [];
    private string? _memory;
    private string? _pids;
    private string? _kill;
    private string? _cpus;
    private string? _time;
    private string? _pinned;
    private bool _isV2;
    private SandboxLimits? _limits;

    /// <summary>What limits memory and processes here, in words for <c>doctor</c> and the evidence.</summary>
    public string Description => (_memory, _pids) switch
    {
        (not null, not null) => _isV2 ? "cgroup v2" : "cgroup v1 (hybrid)",
        (null, null) => "rlimits",
        _ => "cgroup and rlimits",
    };

    /// <summary>What a process has to join by itself, because a thread alone can't (v2).</summary>
    public IReadOnlyList<string> Joined => _isV2 ? _folders : _kill is null ? [] : [_kill];

    /// <summary>Born into the groups: see <see cref="SpawnThread"/>.</summary>
    public SpawnThread Spawn { get; private set; } = null!;

    public bool LimitsMemory => _memory is not null;

    public bool LimitsProcesses => _pids is not null;

    /// <summary>A command can't leave the processors that it is given.</summary>
    public bool HoldsProcessors => _cpus is not null;

    /// <summary>What all processes of the group have used since it was made.</summary>
    public SandboxUsage Usage => new(
        _isV2 ? CpuStat() / 1e6 : Read(_time, "cpuacct.usage") / 1e9,
        Read(_memory, _isV2 ? "memory.peak" : "memory.max_usage_in_bytes"));

    /// <summary>Makes the groups that this user may make; none is no error.</summary>
    /// <param name="needsKill">Nothing else ends what a command has started, as a pid namespace would.</param>
    /// <param name="meters">It is for one command, whose use it counts.</param>
    public static Cgroup Create(bool needsKill, bool meters)
    {
        var group = Make(needsKill, meters);
        group.Spawn = SpawnThread.Rent(group._isV2 ? [] : [.. group._folders.Where(folder => folder != group._kill)]);
        return group;
    }

    private static Cgroup Make(bool needsKill, bool meters)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"godwit-{Environment.ProcessId}-{Interlocked.Increment(ref _counter)}");
        var group = new Cgroup();
        if (File.Exists($"{Root}/cgroup.controllers"))
        {
            group._isV2 = true;
            var parent = Root + OwnV2Path();
            if (group.Make(parent, name) is { } folder)
            {
                group._kill = folder;
                group._memory = File.Exists($"{folder}/memory.max") ? folder : null;
                group._pids = File.Exists($"{folder}/pids.max") ? folder : null;
                group._cpus = File.Exists($"{folder}/cpuset.cpus") ? folder : null;
                group._time = folder;
            }

            return group;
        }

        group._kill = needsKill ? group.Make($"{Root}/unified", name) : null;
        group._memory = group.Make($"{Root}/memory", name);
        group._pids = group.Make($"{Root}/pids", name);
        group._time = meters ? group.Make($"{Root}/cpuacct", name) : null;
        group._cpus = group.MakeCpuset(name);
        return group;
    }

    public void Limit(SandboxLimits limits, string? cpus)
    {
        if (cpus != _pinned && _cpus is not null)
        {
            _pinned = cpus;
            File.WriteAllText(
                $"{_cpus}/cpuset.cpus",
                cpus ?? File.ReadAllText($"{Path.GetDirectoryName(_cpus)}/{(_isV2 ? "cpuset.cpus.effective" : "cpuset.cpus")}").Trim());
        }

        if (limits == _limits)
        {
            return;
        }

        _limits = limits;
        Write(_memory, _isV2 ? "memory.max" : "memory.limit_in_bytes", limits.Memory);
        Write(_pids, "pids.max", limits.Processes);
    }

    /// <summary>Kills every process of the group; false where the kernel has no such file.</summary>
    public bool Kill() => Write(_kill, "cgroup.kill", 1);

    public void Dispose()
    {
        Kill();
        Spawn.Dispose();
        _folders.ForEach(Remove);
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A process that is still dying keeps it; an empty group costs nothing.
        }
    }

    /// <summary>Groups are named after the process that made them: those of processes that were killed are left over.</summary>
    private static void RemoveLeftOvers(string parent)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, "godwit-*").ToList())
        {
            if (Path.GetFileName(folder).Split('-') is [_, var process, _] && !Directory.Exists($"/proc/{process}"))
            {
                Remove(folder);
            }
        }
    }

    /// <summary>A set of processors (cgroup v1) takes no process before it has processors and memory nodes.</summary>
    private string? MakeCpuset(string name)
    {
        const string Parent = $"{Root}/cpuset";
        if (Make(Parent, name) is not { } folder)
        {
            return null;
        }

        foreach (var file in (string[])["cpuset.cpus", "cpuset.mems"])
        {
            File.WriteAllText($"{folder}/{file}", File.ReadAllText($"{Parent}/{file}").Trim());
        }

        return folder;
    }

    private static long? Read(string? folder, string file) => folder is not null && File.Exists($"{folder}/{file}")
        && long.TryParse(File.ReadAllText($"{folder}/{file}").Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;

    private double? CpuStat() => _time is not null && File.Exists($"{_time}/cpu.stat")
        && File.ReadLines($"{_time}/cpu.stat").FirstOrDefault(line => line.StartsWith("usage_usec ", StringComparison.Ordinal)) is { } line
        ? double.Parse(line["usage_usec ".Length..], CultureInfo.InvariantCulture) : null;

    private string? Make(string parent, string name)
    {
        var folder = $"{parent}/{name}";
        try
        {
            if (!Directory.Exists(parent))
            {
                return null;
            }

            RemoveLeftOvers(parent);
            Directory.CreateDirectory(folder);
            if (!File.Exists($"{folder}/cgroup.procs"))
            {
                return null;
            }

            _folders.Add(folder);
            return folder;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool Write(string? folder, string file, long value)
    {
        if (folder is null || !File.Exists($"{folder}/{file}"))
        {
            return false;
        }

        try
        {
            File.WriteAllText($"{folder}/{file}", value.ToString(CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string OwnV2Path()
    {
        var line = File.ReadLines("/proc/self/cgroup").FirstOrDefault(line => line.StartsWith("0::", StringComparison.Ordinal));
        return line is null or "0::/" ? "" : line[3..];
    }
}

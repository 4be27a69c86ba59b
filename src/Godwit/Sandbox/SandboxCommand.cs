namespace Godwit.Sandbox;

/// <summary>A command to run where it can do no harm.</summary>
public sealed record SandboxCommand
{
    /// <summary>A line for <c>/bin/sh</c>.</summary>
    public required string Shell { get; init; }

    /// <summary>The one tree that it may change; it stands at <c>/ws</c> inside.</summary>
    public required string Tree { get; init; }

    /// <summary>Where in the tree it starts; empty for its top.</summary>
    public string Folder { get; init; } = "";

    /// <summary>A second folder that it may change, at <c>/godwit</c> inside; null for none.</summary>
    public string? Scratch { get; init; }

    /// <summary>What stands where the user's home is; null for an empty folder in memory. The home is always writable.</summary>
    public string? Home { get; init; }

    /// <summary>
    /// Whether what the command leaves in <see cref="Home"/> stays there; by default it works on a copy that is thrown away.
    /// </summary>
    public bool KeepsHome { get; init; }

    /// <summary>Further paths that it may read, at the same places inside.</summary>
    public IReadOnlyList<string> Read { get; init; } = [];

    /// <summary>Further read-only paths that stand elsewhere inside: host path and path inside.</summary>
    public IReadOnlyDictionary<string, string> Mounts { get; init; } = new Dictionary<string, string>();

    /// <summary>Its environment beside PATH, HOME, LANG and TMPDIR.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What it reads on standard input; empty for nothing.</summary>
    public string Input { get; init; } = "";

    /// <summary>After this the whole tree of processes is killed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// It belongs to the harness: where Godwit runs as root it has a user of its own, which no candidate runs as, and
    /// <see cref="Tree"/> and <see cref="Scratch"/> must belong to <see cref="SandboxRunner.OwnerOfHarness"/>.
    /// </summary>
    public bool IsHarness { get; init; }

    /// <summary>The loopback that it shares with other sandboxes; null for one of its own.</summary>
    public LoopbackLink? Link { get; init; }

    /// <summary>
    /// Whether debuggers, tracers and profilers work in it: an agent's commands may look into their own processes, as far as the kernel
    /// lets them. What is checked and measured needs none of it.
    /// </summary>
    public bool Debugging { get; init; }

    /// <summary>Whether its processor time and peak memory are counted, in a control group made for it alone.</summary>
    public bool Metered { get; init; }

    /// <summary>The processors to run on, as taskset has them; null for all that Godwit may use.</summary>
    public string? Cpus { get; init; }

    /// <summary>What it may use.</summary>
    public SandboxLimits Limits { get; init; } = new();
}

/// <summary>What a sandboxed command may use.</summary>
public sealed record SandboxLimits
{
    /// <summary>Memory in bytes, swap included. Default 8 GiB.</summary>
    public long Memory { get; init; } = 8L << 30;

    /// <summary>Processes and threads. Default 2,048.</summary>
    public int Processes { get; init; } = 2048;

    /// <summary>Bytes of <c>/tmp</c> and of an in-memory home. Default 1 GiB.</summary>
    public long Temporary { get; init; } = 1L << 30;

    /// <summary>Bytes kept of what it prints; the middle of more is left out. Default 1 MiB.</summary>
    public int Output { get; init; } = 1 << 20;
}

/// <summary>Who takes part in a command while it runs.</summary>
public sealed record SandboxSession
{
    /// <summary>Takes what it prints on standard output, to be read meanwhile; null for nobody.</summary>
    public CappedOutput? Watched { get; init; }

    /// <summary>
    /// Talks with it over its standard input and output, on a thread of its own, until its output ends; what it doesn't take itself
    /// it adds to the third. Null for nobody.
    /// </summary>
    public Action<Stream, Stream, CappedOutput>? Dialogue { get; init; }

    /// <summary>Kills it when it is no longer needed; what it did until then is its result.</summary>
    public CancellationToken Stop { get; init; }
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">The exit code; 128 and more for a signal, as a shell has it.</param>
/// <param name="TimedOut">It was killed at its timeout.</param>
/// <param name="Elapsed">From spawn to exit.</param>
/// <param name="Output">What it printed on standard output, capped.</param>
/// <param name="Error">What it printed on standard error, capped.</param>
/// <param name="Stopped">It was killed because it was no longer needed.</param>
/// <param name="Usage">What it used; null where that wasn't asked for, or can't be counted here.</param>
public sealed record SandboxResult(
    int ExitCode, bool TimedOut, TimeSpan Elapsed, string Output, string Error, bool Stopped = false, SandboxUsage? Usage = null)
{
    /// <summary>It was ended by a signal that it didn't send itself for a timeout.</summary>
    public bool Crashed => !TimedOut && ExitCode > 128;
}

/// <summary>What a command and all that it started have used, as the kernel counted it for their control group.</summary>
/// <param name="CpuSeconds">Processor time in seconds, user and system, of processes that nobody waited for too; null where it
/// can't be counted.</param>
/// <param name="PeakBytes">The most memory at one time in bytes, file cache that it filled included; null where it can't be
/// counted.</param>
public sealed record SandboxUsage(double? CpuSeconds, long? PeakBytes);

/// <summary>How commands are kept apart from the machine.</summary>
public enum SandboxKind
{
    /// <summary>Bubblewrap with namespaces, seccomp and limits.</summary>
    Bubblewrap,

    /// <summary>Nothing: the user asked for it, and the evidence says so.</summary>
    None,
}

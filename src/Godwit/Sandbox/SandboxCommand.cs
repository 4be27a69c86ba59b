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

    /// <summary>The folder that stands where the user's home is; null for an empty one in memory.</summary>
    public string? Home { get; init; }

    /// <summary>Whether the command may change <see cref="Home"/>.</summary>
    public bool HomeIsWritable { get; init; }

    /// <summary>Further paths that it may read, at the same places inside.</summary>
    public IReadOnlyList<string> Read { get; init; } = [];

    /// <summary>Further read-only paths that stand elsewhere inside: host path and path inside.</summary>
    public IReadOnlyDictionary<string, string> Mounts { get; init; } = new Dictionary<string, string>();

    /// <summary>Its environment beside PATH, HOME, LANG and TMPDIR.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What it reads on standard input; empty for nothing.</summary>
    public string Input { get; init; } = "";

    /// <summary>Whether it may use the network.</summary>
    public bool Network { get; init; }

    /// <summary>After this the whole tree of processes is killed.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(10);

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

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">The exit code; 128 and more for a signal, as a shell has it.</param>
/// <param name="TimedOut">It was killed at its timeout.</param>
/// <param name="Elapsed">From spawn to exit.</param>
/// <param name="Output">What it printed on standard output, capped.</param>
/// <param name="Error">What it printed on standard error, capped.</param>
public sealed record SandboxResult(int ExitCode, bool TimedOut, TimeSpan Elapsed, string Output, string Error)
{
    /// <summary>It was ended by a signal that it didn't send itself for a timeout.</summary>
    public bool Crashed => !TimedOut && ExitCode > 128;
}

/// <summary>How commands are kept apart from the machine.</summary>
public enum SandboxKind
{
    /// <summary>Bubblewrap with namespaces, seccomp and limits.</summary>
    Bubblewrap,

    /// <summary>Nothing: the user asked for it, and the evidence says so.</summary>
    None,
}

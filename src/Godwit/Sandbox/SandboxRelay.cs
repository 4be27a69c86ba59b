namespace Godwit.Sandbox;

/// <summary>What stands inside a sandbox between a port and a socket of this machine.</summary>
/// <param name="Line">The command line; what it is to do, and a command to run beside it, follow it.</param>
/// <param name="Read">What it needs to read.</param>
/// <param name="Environment">What it needs in its environment.</param>
public sealed record SandboxRelay(IReadOnlyList<string> Line, IReadOnlyList<string> Read, IReadOnlyDictionary<string, string> Environment);

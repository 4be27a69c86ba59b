using Godwit.Durable.Journal;

namespace Godwit.Verification;

/// <summary>One of the goal's commands that was carried out, with all that it printed.</summary>
/// <param name="Phase">setup, build, check, measure, holdout, driver, serve or score.</param>
/// <param name="Command">The command.</param>
/// <param name="ExitCode">Its exit code; 128 and more for a signal.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Log">What it printed, standard output first; null for nothing.</param>
public sealed record CommandRecord(string Phase, string Command, int ExitCode, double Seconds, BlobRef? Log);

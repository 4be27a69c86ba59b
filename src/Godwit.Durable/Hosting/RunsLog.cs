using Microsoft.Extensions.Logging;

namespace Godwit.Durable.Hosting;

/// <summary>What an application's log is told of its runs.</summary>
internal static partial class RunsLog
{
    [LoggerMessage(1, LogLevel.Information, "Run {Run} of {Playbook} started")]
    public static partial void RunStarted(this ILogger log, string run, string playbook);

    [LoggerMessage(2, LogLevel.Information, "Run {Run} resumed")]
    public static partial void RunResumed(this ILogger log, string run);

    [LoggerMessage(3, LogLevel.Information, "Run {Run} completed")]
    public static partial void RunCompleted(this ILogger log, string run);

    [LoggerMessage(4, LogLevel.Error, "Run {Run} failed: {Reason}")]
    public static partial void RunFailed(this ILogger log, string run, string reason);

    [LoggerMessage(5, LogLevel.Information, "Run {Run} was cancelled")]
    public static partial void RunCancelled(this ILogger log, string run);

    [LoggerMessage(6, LogLevel.Warning, "Run {Run} is parked: {Reason}")]
    public static partial void RunParked(this ILogger log, string run, string reason);

    [LoggerMessage(7, LogLevel.Information, "Run {Run} stopped; it is resumed at the next start")]
    public static partial void RunStopped(this ILogger log, string run);

    [LoggerMessage(8, LogLevel.Error, "Run {Run} can't go on")]
    public static partial void RunBroken(this ILogger log, Exception error, string run);
}

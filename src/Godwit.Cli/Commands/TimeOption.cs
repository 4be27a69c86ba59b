using Godwit.Goals;

namespace Godwit.Cli.Commands;

/// <summary>Reads options that are times.</summary>
internal static class TimeOption
{
    /// <summary>The seconds of a time; null where none was given.</summary>
    /// <param name="option">The option's name, for the message.</param>
    /// <param name="text">What the user wrote.</param>
    /// <exception cref="UsageException">It is no time.</exception>
    public static double? Seconds(string option, string? text) => text is null ? null
        : Durations.TryParse(text, out var duration) ? duration.TotalSeconds
        : throw new UsageException($"{option} is '{text}', and must be a time such as 90s or 10m");
}

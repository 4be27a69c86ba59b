namespace Godwit.Goals;

/// <summary>A mistake in a goal file.</summary>
/// <param name="Line">From 1; 0 for the file as a whole.</param>
/// <param name="Column">From 1; 0 for the file as a whole.</param>
/// <param name="Message">What is wrong and how to mend it.</param>
public sealed record GoalProblem(long Line, long Column, string Message)
{
    /// <summary>The problem as compilers print it.</summary>
    public string At(string path) => Line == 0 ? $"{path}: {Message}" : $"{path}:{Line}:{Column}: {Message}";
}

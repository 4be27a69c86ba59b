using Godwit.Models;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>Reads, waits for and stops what <see cref="RunTool"/> has started in the background.</summary>
/// <param name="jobs">The jobs.</param>
public sealed class JobTool(BackgroundJobs jobs) : ITool
{
    private const int LongestWait = 600;

    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "job",
        $"Reads what a background job has printed and how it stands, after up to 'wait' seconds (default 0, at most " +
        $"{LongestWait}) for its end; 'stop' ends it.",
        """{"type":"object","properties":{"id":{"type":"string"},"wait":{"type":"integer"},"stop":{"type":"boolean"}},"required":["id"]}""");

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.None;

    /// <inheritdoc/>
    public Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation) =>
        jobs.ReadAsync(
            context.Tree, arguments.Text("id"), TimeSpan.FromSeconds(Math.Clamp(arguments.Number("wait") ?? 0, 0, LongestWait)),
            arguments.Flag("stop"), cancellation);

    /// <inheritdoc/>
    public Task EndAsync(ToolContext context) => jobs.EndAsync(context.Tree.Id);
}

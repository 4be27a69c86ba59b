using Godwit.Egress;
using Godwit.Models;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Tools;

/// <summary>Runs a shell line in the sandbox, with the tree as the only place that it can change.</summary>
/// <param name="sandbox">Where it runs.</param>
/// <param name="network">What it may reach.</param>
/// <param name="template">Home, mounts, environment and limits of every command; shell, tree and timeout are the call's.</param>
/// <param name="slots">One is held while it runs: agents that work at once mustn't take the whole machine.</param>
/// <param name="jobs">Where it leaves what is to run on; they end before their agent's work is measured.</param>
public sealed class RunTool(
    SandboxRunner sandbox, RunNetwork network, SandboxCommand template, CommandSlots slots, BackgroundJobs jobs) : ITool
{
    private const int LongestJob = 3600;
    private const int LongestSeconds = 600;
    private const int DefaultSeconds = 120;
    private const int Printed = 20_000;

    /// <inheritdoc/>
    public ToolSpec Spec { get; } = new(
        "run",
        $"Runs a line of sh in the folder where commands start, {Reaching(network)}; killed after 'timeout' seconds (default " +
        $"{DefaultSeconds}, at most {LongestSeconds}). With 'background' it starts a job on a copy of your files (what it " +
        $"writes is thrown away; at most {LongestJob} s) and you go on; read it with 'job'.",
        """{"type":"object","properties":{"command":{"type":"string"},"timeout":{"type":"integer"},"background":{"type":"boolean"}},"required":["command"]}""");

    private static string Reaching(RunNetwork network) => network.RulesOf(NetworkUse.Agents) is { Count: > 0 } rules
        ? $"with no network but, through a proxy, {string.Join("; ", rules)}"
        : "without network";

    /// <inheritdoc/>
    public ToolEffects EffectsOf(ToolArguments arguments) => ToolEffects.Running(arguments.Text("command"));

    /// <inheritdoc/>
    public async Task<ToolOutput> RunAsync(ToolContext context, ToolArguments arguments, CancellationToken cancellation)
    {
        if (arguments.Flag("background"))
        {
            var id = await jobs.StartAsync(
                context.Tree, arguments.Text("command"),
                TimeSpan.FromSeconds(Math.Clamp(arguments.Number("timeout") ?? LongestSeconds, 1, LongestJob)), cancellation);
            return new ToolOutput($"{id} has started");
        }

        var seconds = Math.Clamp(arguments.Number("timeout") ?? DefaultSeconds, 1, LongestSeconds);
        using var place = await slots.EnterAsync(cancellation);
        context.Tree.Touch();
        var command = template with
        {
            Shell = arguments.Text("command"),
            Debugging = true,
            Tree = context.Tree.Path,
            Timeout = TimeSpan.FromSeconds(seconds),
            Limits = template.Limits with { Output = Printed },
        };
        var result = await network.RunAsync(sandbox, command, NetworkUse.Agents, context.Tree.Id, cancellation);
        var end = result.TimedOut ? $"killed after {seconds} s" : $"exit code {result.ExitCode}, {result.Elapsed.TotalSeconds:0.0} s";
        var error = result.Error.Length > 0 ? $"\nstderr:\n{result.Error}" : "";
        return new ToolOutput($"{end}\n{result.Output}{error}", result.TimedOut || result.ExitCode != 0);
    }
}

using Godwit.Identity;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Server.Centre;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Godwit.Server.Mcp;

/// <summary>The tools over standard input and output, for an agent that starts Godwit itself. It needs no centre.</summary>
public static class McpProgram
{
    /// <summary>Serves until the input ends.</summary>
    /// <param name="kinds">The kinds of runs there are.</param>
    /// <param name="store">Where runs are.</param>
    /// <param name="program">The <c>godwit</c> program.</param>
    /// <param name="root">The folder below which runs may be started; null for none.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task RunAsync(RunKinds kinds, RunStore store, string program, string? root, CancellationToken cancellation)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var caller = new Device("stdio", "an agent on this machine", DeviceRole.Own, "", default);
        await using var runs = new LiveRuns(kinds, store);
        runs.Start();
        var tools = new GodwitTools(runs, new GoalFolder(root, program, store), kinds, store, () => caller);
        tools.AddTo(builder.Services).WithStdioServerTransport();
        using var host = builder.Build();
        await host.RunAsync(cancellation);
    }
}

using System.Text;
using Godwit.Budgets;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Guardian;
using Godwit.Models;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>How a program in a sandbox reaches the gateway.</summary>
/// <param name="Gateway">Answers it.</param>
/// <param name="Socket">The gateway's socket on this machine.</param>
/// <param name="Relay">Stands between a port and the socket: the socket's path and a command follow it.</param>
public sealed record GatewayDoor(ModelGateway Gateway, string Socket, SandboxRelay Relay);

/// <summary>How a program ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="TimedOut">It was killed at the end of its time.</param>
/// <param name="Calls">Model calls that were answered.</param>
/// <param name="Charge">What they cost.</param>
/// <param name="Models">The models that answered.</param>
/// <param name="Refused">Why a call wasn't made: the words of its budget; null where none was refused.</param>
/// <param name="Events">Whose events it printed.</param>
/// <param name="Output">All that it printed, capped.</param>
/// <param name="Error">The last that it printed on standard error.</param>
public sealed record ProgramEnd(
    int ExitCode, bool TimedOut, int Calls, Charge Charge, IReadOnlyList<string> Models, string? Refused, string Events,
    BlobRef Output, string Error)
{
    /// <summary>Whether a person has ended it; then <see cref="Error"/> says why.</summary>
    public bool IsCancelled { get; init; }
}

/// <summary>Runs coding agents that are programs: in the sandbox, on the agent's tree, with the gateway and what the goal
/// names as their only network.</summary>
/// <param name="sandbox">Where they run.</param>
/// <param name="network">What they may reach beside the gateway.</param>
/// <param name="template">Mounts, environment and limits that commands of the goal have.</param>
/// <param name="programs">What there is.</param>
/// <param name="budgets">What they are booked on.</param>
/// <param name="gatekeeper">Decides on the shell lines that their models ask for.</param>
/// <param name="reviewer">Decides on those that a rule asks about; null for nobody.</param>
/// <param name="scratch">A folder for the programs' own folders.</param>
/// <param name="door">Opens the gateway, once.</param>
/// <param name="steering">What people have ordered.</param>
public sealed class ProgramRunner(
    SandboxRunner sandbox, RunNetwork network, SandboxCommand template, IReadOnlyDictionary<string, ProgramTemplate> programs,
    BudgetLedger budgets, Gatekeeper gatekeeper, ActionReviewer? reviewer, string scratch, Func<Task<GatewayDoor>> door, Steering steering)
{
    private const string SocketInside = "/run/godwit/gateway";
    private const string HomeInside = "/godwit/home";
    private const int Printed = 4 << 20;
    private const int ErrorKept = 2000;

    // 128 + SIGTERM, as shells tell it.
    private const int KilledByPerson = 143;
    private static readonly TimeSpan LastCalls = TimeSpan.FromSeconds(2);

    /// <summary>Runs a task's program to its end.</summary>
    public async Task<ProgramEnd> RunAsync(AgentTask task, AgentTree tree, Attempt attempt, CancellationToken cancellation)
    {
        var program = programs[task.Program!];
        var open = await door();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var broken = new CancellationTokenSource();
        var guard = new ProgramGuard(gatekeeper, reviewer, steering, task, budgets.At(task.Budget), attempt, broken);
        var client = new GatewayClient
        {
            Agent = task.Name,
            Role = task.Role,
            Budget = budgets.At(task.Budget),
            Attempt = attempt,
            Ended = ended.Token,
            Refusal = line => guard.RefusalAsync(line, ended.Token),
            Hold = waiting => steering.WhilePausedAsync(task.Name, attempt.Time, waiting),
        };
        var own = Path.Combine(scratch, task.Name);
        Directory.CreateDirectory(Path.Combine(own, "home"));
        open.Gateway.Admit(client);
        try
        {
            FileSystem.OwnAll(own, sandbox.OwnerOfFiles);
            tree.Touch();
            var command = Command(task, program, tree, open, client, own);
            if (command.Home is { } home)
            {
                SandboxHome.Make(home, command.Read);
                FileSystem.OwnAll(home, sandbox.OwnerOfFiles);
            }

            var (result, isCancelled) = await RunUntilCancelledAsync(command, task.Name, broken.Token, cancellation);

            // What the program didn't wait for gets a moment to end, and is booked at its worst case after that.
            open.Gateway.Dismiss(client);
            ended.CancelAfter(LastCalls);
            await client.DrainAsync();
            return new ProgramEnd(
                result.ExitCode, result.TimedOut, client.Calls, client.Charge,
                [.. client.Models.Keys.Order(StringComparer.Ordinal)], client.Refused, program.Events,
                attempt.Put(Encoding.UTF8.GetBytes(result.Output)),
                result.Error.Length > ErrorKept ? result.Error[^ErrorKept..] : result.Error)
            {
                IsCancelled = isCancelled,
            };
        }
        finally
        {
            open.Gateway.Dismiss(client);
            FileSystem.DeleteAll(own);
        }
    }

    /// <summary>Runs the program to its end, or until a person ends it.</summary>
    private async Task<(SandboxResult Result, bool IsCancelled)> RunUntilCancelledAsync(
        SandboxCommand command, string agent, CancellationToken broken, CancellationToken cancellation)
    {
        using var killed = CancellationTokenSource.CreateLinkedTokenSource(cancellation, broken);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var watching = CancelAsync(agent, killed, over.Token);
        try
        {
            return (await network.RunAsync(sandbox, command, NetworkUse.Agents, agent, killed.Token), false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return (new SandboxResult(KilledByPerson, false, TimeSpan.Zero, "", steering.CancelledBecause(agent) ?? ProgramGuard.Broken), true);
        }
        finally
        {
            await over.CancelAsync();
            await watching;
        }
    }

    /// <summary>Ends the program when a person wants that.</summary>
    private async Task CancelAsync(string agent, CancellationTokenSource program, CancellationToken ended)
    {
        try
        {
            await steering.WhenCancelledAsync(agent, ended);
            await program.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // It has ended before.
        }
    }

    private SandboxCommand Command(
        AgentTask task, ProgramTemplate program, AgentTree tree, GatewayDoor open, GatewayClient client, string own)
    {
        var bare = sandbox.Kind == SandboxKind.None;
        var environment = new Dictionary<string, string>(template.Environment);
        foreach (var (name, value) in program.Environment.Concat(open.Relay.Environment))
        {
            environment[name] = value.Replace("$GODWIT_HOME", HomeInside, StringComparison.Ordinal);
        }

        environment["GODWIT_HOME"] = HomeInside;
        environment["GODWIT_TOKEN"] = client.Token;
        environment["GODWIT_MODEL"] = open.Gateway.ModelOf(client, program.Speaks);
        var mounts = new Dictionary<string, string>(template.Mounts) { [open.Socket] = SocketInside };
        string[] line = [.. open.Relay.Line, bare ? open.Socket : SocketInside, "/bin/sh", "-c", program.Command];
        return template with
        {
            Debugging = true,
            Shell = $"exec {ShellWords.Line(line)}",
            Tree = tree.Path,
            Scratch = own,
            Input = AgentPrompt.ForProgram(task, network.RulesOf(NetworkUse.Agents)),
            Read = [.. template.Read, .. open.Relay.Read, .. ProgramFinder.FoldersOf(program.Program)],
            Mounts = mounts,
            Environment = environment,
            Timeout = TimeSpan.FromSeconds(task.Seconds),
            Limits = template.Limits with { Output = Printed },
        };
    }
}

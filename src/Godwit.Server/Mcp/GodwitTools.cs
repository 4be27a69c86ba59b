using System.ComponentModel;
using Godwit.Agents;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Server.Centre;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Godwit.Server.Mcp;

/// <summary>
/// Godwit for a coding agent that a person uses already, over the Model Context Protocol: it looks at runs, starts them, watches them and
/// speaks to their agents. It answers no approval: that is a person's.
/// </summary>
/// <param name="runs">The runs.</param>
/// <param name="goals">What may be started.</param>
/// <param name="kinds">The kinds of runs there are.</param>
/// <param name="store">Where runs are.</param>
/// <param name="program">Who calls.</param>
internal sealed class GodwitTools(LiveRuns runs, GoalFolder goals, RunKinds kinds, RunStore store, Func<Device> program)
{
    private const int MostRuns = 100;
    private const int MostRows = 200;
    private const int LongestWait = 50;

    private readonly RunActions _actions = new(kinds, store);

    /// <summary>Adds these tools to a server.</summary>
    public IMcpServerBuilder AddTo(IServiceCollection services) =>
        services.AddMcpServer(server =>
        {
            var version = typeof(GodwitTools).Assembly.GetName().Version?.ToString(3) ?? "0";
            server.ServerInfo = new Implementation { Name = "godwit", Title = "Godwit", Version = version };
            server.ServerInstructions =
                "Godwit runs fleets of agents and searches that take hours, and proves what they hand over. Look at a goal with plan_run before " +
                "start_run; follow a run with watch_run, giving back the head that it returned; a result counts when the state is verified. What " +
                "waits for a person is listed as asks, and only a person answers it, on Godwit's page or with 'godwit approve'.";
        }).WithTools(this, CentreJson.Options);

    [McpServerTool(Name = "list_runs", Title = "List runs", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Lists the runs on this machine, the newest first: what each is for, how it stands, what it has spent, and what waits for a person.")]
    public RunList ListRuns(
        [Description("Only runs of this state: running, waiting, parked, stopped, verified, not_verified, no_improvement, completed, failed.")]
        string? state = null,
        [Description("The most runs; 20 unless said, at most 100.")] int most = 20)
    {
        var rows = runs.Fleet.Runs.Where(row => state is null || Snake.Of(row.State) == state).ToList();
        return new RunList([.. rows.Take(Math.Clamp(most, 1, MostRuns))], rows.Count);
    }

    [McpServerTool(Name = "list_goals", Title = "List goals", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Lists the goal files that may be started, by their path.")]
    public Task<GoalList> ListGoals() => SayWhyAsync(() => Task.FromResult(new GoalList(goals.All())));

    [McpServerTool(Name = "plan_run", Title = "Plan a run", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Says what a run of a goal would do and cost at most, or what is wrong with the goal. Starts nothing.")]
    public Task<GoalPreview> PlanRun([Description("A goal file of list_goals, or its folder.")] string goal, CancellationToken cancellation)
    {
        Require(DeviceRole.Own, "plan runs");
        return SayWhyAsync(() => goals.PreviewAsync(goal, cancellation));
    }

    [McpServerTool(Name = "start_run", Title = "Start a run", Destructive = false, Idempotent = false, OpenWorld = true, UseStructuredContent = true)]
    [Description("Starts a run of a goal, in its sandbox and within the goal's budget. It goes on when you end.")]
    public Task<Started> StartRun([Description("A goal file of list_goals, or its folder.")] string goal, CancellationToken cancellation)
    {
        Require(DeviceRole.Own, "start runs");
        return SayWhyAsync(async () => new Started(await goals.StartAsync(goal, cancellation)));
    }

    [McpServerTool(Name = "watch_run", Title = "Watch a run", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tells how a run stands and what has happened since a head; waits for something new if asked to.")]
    public Task<Watched> WatchRun(
        [Description("The run's id.")] string run,
        [Description("The head that an earlier call returned: only what came after it is told. Without it, the newest 50 lines.")] string? after = null,
        [Description("Waits up to so many seconds for something new, 0 to 50.")] int wait_seconds = 0,
        CancellationToken cancellation = default) => SayWhyAsync(async () =>
    {
        var live = runs.Get(run);
        var until = Environment.TickCount64 + (1000L * Math.Clamp(wait_seconds, 0, LongestWait));
        while (after is not null && live.Snapshot(1).State is var state && state.Head == after && !IsOver(state) && Environment.TickCount64 < until)
        {
            await runs.NextAsync(cancellation);
            live = runs.Get(run);
        }

        var snapshot = live.Snapshot(50);
        var rows = snapshot.Rows;
        if (after?.Split(':') is [_, var sequence, _] && long.TryParse(sequence, out var from) && live.HeadAt(from) == after)
        {
            // Only what the snapshot knows of: what came since is told the next time.
            var newest = snapshot.Rows.Count > 0 ? snapshot.Rows[^1].Seq : 0;
            rows = [.. live.After(from, MostRows).TakeWhile(row => row.Seq <= newest)];
        }

        // Where more has happened than is told at once, the head stands at the last line that was told.
        var isCut = rows.Count > 0 && snapshot.Rows.Count > 0 && rows[^1].Seq < snapshot.Rows[^1].Seq;
        var head = isCut ? live.HeadAt(rows[^1].Seq) : snapshot.State.Head;
        var now = snapshot.State;
        return new Watched(
            head, IsOver(now), now.Row, [.. now.Lines.Select(line => $"{line.Label}: {line.Text}")],
            [.. now.Agents.Where(agent => agent.State != "ended").Take(MostRuns)], now.Asks, now.Evidence,
            [.. rows.Select(row => new WatchedRow(row.At, row.Agent, row.What, row.Text))]);
    });

    [McpServerTool(Name = "say", Title = "Speak to agents", Destructive = false, Idempotent = false, OpenWorld = false, UseStructuredContent = true)]
    [Description("Tells agents of a run something; each reads it before its next reply.")]
    public Task<Done> Say(
        [Description("The run's id.")] string run,
        [Description("The words.")] string words,
        [Description("An agent, or a task for its agents; without it, all of the run.")] string? agent = null,
        CancellationToken cancellation = default)
    {
        Require(DeviceRole.Answer, "speak to agents");
        return SayWhyAsync(async () =>
        {
            var order = new SteeringOrder(SteeringAct.Say, agent, words) { By = program().Name, IsProgram = true };
            var outcome = await _actions.OrderAsync(runs.Find(run), order, cancellation);
            return outcome.Taken ? new Done(outcome.Message) : throw new ArgumentException(outcome.Message);
        });
    }

    [McpServerTool(Name = "report", Title = "Report on a run", ReadOnly = true, Idempotent = true, OpenWorld = false, UseStructuredContent = true)]
    [Description("The report of a run as Markdown: what was asked, what was done, what is proven and how to check it.")]
    public Task<Report> ReportOn([Description("The run's id.")] string run, CancellationToken cancellation) => SayWhyAsync(async () =>
    {
        using var reader = JournalReader.OpenVerified(runs.Find(run));
        return new Report(await kinds.View(reader).MarkdownAsync(reader, store, cancellation));
    });

    private static bool IsOver(LiveState state) => state.Row.State is not (RunStatus.Running or RunStatus.Waiting);

    private void Require(DeviceRole role, string what)
    {
        if (program().Role < role)
        {
            throw new McpException($"'{program().Name}' may not {what}, which needs a token of 'godwit link --program NAME --role {Snake.Of(role)}'");
        }
    }

    /// <summary>What stands in the way is told to the caller, in one line.</summary>
    private static async Task<T> SayWhyAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception error) when (error is ArgumentException or JournalException or IOException or UnauthorizedAccessException)
        {
            throw new McpException(error.Message);
        }
    }
}

/// <summary>Runs.</summary>
/// <param name="Runs">The newest first.</param>
/// <param name="Total">How many there are in all.</param>
public sealed record RunList(IReadOnlyList<RunRow> Runs, int Total);

/// <summary>Goals that may be started.</summary>
/// <param name="Goals">Their paths.</param>
public sealed record GoalList(IReadOnlyList<string> Goals);

/// <summary>A run as a program sees it.</summary>
/// <param name="Head">Where it stood; given back, only what came after it is told.</param>
/// <param name="IsOver">Whether nothing more happens before a person does something.</param>
/// <param name="Run">The run in one row.</param>
/// <param name="Lines">How it stands, a line each.</param>
/// <param name="Agents">The agents at work.</param>
/// <param name="Asks">What waits for a person.</param>
/// <param name="Evidence">The name of its evidence; null for none.</param>
/// <param name="Rows">What happened, the oldest first.</param>
public sealed record Watched(
    string Head, bool IsOver, RunRow Run, IReadOnlyList<string> Lines, IReadOnlyList<AgentRow> Agents, IReadOnlyList<Ask> Asks, string? Evidence,
    IReadOnlyList<WatchedRow> Rows);

/// <summary>A line of what happened.</summary>
/// <param name="At">When.</param>
/// <param name="Agent">Who; null for the run.</param>
/// <param name="What">What it is.</param>
/// <param name="Text">The words, on one line.</param>
public sealed record WatchedRow(DateTimeOffset At, string? Agent, string What, string Text);

/// <summary>A report.</summary>
/// <param name="Markdown">All of it.</param>
public sealed record Report(string Markdown);

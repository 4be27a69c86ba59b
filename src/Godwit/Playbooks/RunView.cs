using System.Text;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Reports;
using Godwit.Runs;
using Godwit.Verification;

namespace Godwit.Playbooks;

/// <summary>
/// What can be told of a run: a fold of its events. This one tells what any run has; a run kind's own adds what its notes mean.
/// </summary>
public class RunView
{
    private readonly RunEvents _events;
    private readonly List<SteeringOrder> _orders = [];

    /// <summary>The view of a run before anything was read of it.</summary>
    /// <param name="reader">Its journal.</param>
    public RunView(JournalReader reader)
    {
        (Run, Folder, Playbook) = (reader.Run, reader.Folder, RootProcess.Playbook(reader));
        _events = new RunEvents(this, detailed: false);
    }

    /// <summary>The run's id.</summary>
    public string Run { get; }

    /// <summary>Where it stands.</summary>
    public RunFolder Folder { get; }

    /// <summary>The playbook that it began with.</summary>
    public string Playbook { get; }

    /// <summary>What it is for, in one line.</summary>
    public virtual string Title => Playbook;

    /// <summary>When it was started.</summary>
    public DateTimeOffset Started { get; private set; }

    /// <summary>When the last thing happened that it tells of.</summary>
    public DateTimeOffset LastEvent { get; private set; }

    /// <summary>The last entry of the journal that was read.</summary>
    public long Sequence => _events.Sequence;

    /// <summary>How often it was taken up, the start included.</summary>
    public int Generations { get; private set; }

    /// <summary>What a person has to answer.</summary>
    public IReadOnlyList<ParkedWork> Parked { get; private set; } = [];

    /// <summary>The agents at work, what they wait for and what they have spent.</summary>
    public AgentActivity Agents { get; } = new();

    /// <summary>What people have ordered of its agents, the oldest first.</summary>
    public IReadOnlyList<SteeringOrder> Orders => _orders;

    /// <summary>Why it failed outside of its playbook's own words; null otherwise.</summary>
    public string? Failure { get; private set; }

    /// <summary>The JSON of its result; null before its end.</summary>
    public ReadOnlyMemory<byte>? Result { get; private set; }

    /// <summary>One line on how it ended, or why it waits; null where there is nothing to say.</summary>
    public string? Reason => Conclusion ?? Failure ?? (Parked.Count > 0 ? Parked[0].Reason : null);

    /// <summary>Whether it came to its end, as far as its journal has been read.</summary>
    public bool HasEnded => Outcome is not null || Failure is not null;

    /// <summary>How it stands. For a run that goes on, this asks the file system whether somebody owns it.</summary>
    public RunStatus Status => Outcome switch
    {
        { } ended => ended,
        _ when Failure is not null => RunStatus.Failed,
        _ when Parked.Count > 0 => RunStatus.Parked,
        _ when !RunLock.IsHeld(Folder) => RunStatus.Stopped,
        _ when Agents.AllWait || (Questions.Count > 0 && !Agents.AtWork.Any()) => RunStatus.Waiting,
        _ => RunStatus.Running,
    };

    /// <summary>How it ended; null before its end.</summary>
    protected virtual RunStatus? Outcome => Result is null ? null : RunStatus.Completed;

    /// <summary>What its result says, in one line; null before its end.</summary>
    protected virtual string? Conclusion => Result is { } json ? OneLine(json) : null;

    /// <summary>Whether it may have agents, of which most of its journal tells.</summary>
    public virtual bool HasAgents => true;

    /// <summary>Whether its agents can be spoken to, paused and ended.</summary>
    public virtual bool CanBeSteered => HasAgents;

    /// <summary>What a person is asked about the whole run, such as a plan that waits.</summary>
    public virtual IReadOnlyList<RunQuestion> Questions => [];

    /// <summary>The tasks of its plan, for a picture; empty for runs without one.</summary>
    public virtual IReadOnlyList<RunTask> PlannedTasks => [];

    /// <summary>What it has tried, for a plot; null for runs that try nothing.</summary>
    public virtual RunTrials? TriedTrials => null;

    /// <summary>What can be drawn of it.</summary>
    public virtual IReadOnlyList<RunPlot> Plots => [];

    /// <summary>What its models have cost over time; null where nothing was spent.</summary>
    /// <param name="began">When it began.</param>
    /// <param name="details">All that happened.</param>
    internal static RunPlot? CostPlot(DateTimeOffset began, IEnumerable<RunEvent> details) => RunPlot.Costs(
        began,
        details.OfType<RunEvent.OfAgent>().Where(happened => happened.Event is AgentEvent.Charged { Cost: not null })
            .Select(happened => (happened.At, ((AgentEvent.Charged)happened.Event).Cost!.Charge.Dollars)));

    /// <summary>The most money for models, in US dollars; null for no limit.</summary>
    public virtual decimal? MostDollars => null;

    /// <summary>What agents have submitted and said of it, one for each model that had a part in it.</summary>
    public virtual IEnumerable<Submission> Submissions => [];

    /// <summary>What it hands over; null for nothing.</summary>
    public virtual RunDeliverable? Deliverable => null;

    /// <summary>Takes up what is new in the journal, and returns it.</summary>
    /// <param name="reader">The journal.</param>
    /// <param name="upTo">The last entry that is read; by default all are.</param>
    public IReadOnlyList<RunEvent> Update(JournalReader reader, long upTo = long.MaxValue)
    {
        var news = new List<RunEvent>();
        foreach (var happened in _events.Next(reader, upTo))
        {
            FoldCommon(happened);
            Fold(happened);
            news.Add(happened);
        }

        return news;
    }

    /// <summary>All that happened from the beginning, with what agents said and every command; for a view that has been updated.</summary>
    public IEnumerable<RunEvent> Details(JournalReader reader)
    {
        foreach (var happened in new RunEvents(this, detailed: true).Next(reader))
        {
            yield return happened;
            if (happened is RunEvent.OfAgent { Event: AgentEvent.Said { What: "ends", Agent: var agent } })
            {
                foreach (var finding in FindingsOn(agent))
                {
                    yield return new RunEvent.OfAgent(happened.Sequence, happened.At, finding);
                }
            }
        }
    }

    /// <summary>What an agent claimed, and beside it what verification saw.</summary>
    protected virtual IEnumerable<AgentEvent.Said> FindingsOn(string agent) => [];

    /// <summary>Takes up something of the run kind's own.</summary>
    protected virtual void Fold(RunEvent happened)
    {
    }

    /// <summary>What a note means; null for one that isn't for people.</summary>
    protected internal virtual object? NoteIn(Entry entry) =>
        entry.Data.Span is [(byte)'"', ..] ? JsonSerializer.Deserialize<string>(entry.Data.Span) : null;

    /// <summary>What an amendment of the run's input means; null for nothing.</summary>
    protected internal virtual object? AmendmentIn(Entry entry) => null;

    /// <summary>The goal's commands that an entry tells of, each with what it was carried out for.</summary>
    protected internal virtual IEnumerable<(string Of, CommandRecord Command)> CommandsIn(Entry entry) => [];

    /// <summary>Who tells a person how the run goes, one event after another.</summary>
    public virtual RunNarrator Narrator() => new(this);

    /// <summary>What a person should know of a run before it goes on, beside its id and folder.</summary>
    public virtual IEnumerable<RunLine> Opening => [];

    /// <summary>The run as it stands, beside what is said of every run.</summary>
    public virtual IEnumerable<RunLine> Summary => Conclusion is { } conclusion ? [new RunLine("result", conclusion)] : [];

    /// <summary>How a run that came to its end is told, with what to do next.</summary>
    public virtual IEnumerable<RunLine> Verdict => [new RunLine("done", Conclusion ?? "", Tone.Good)];

    /// <summary>Whether a run that came to its end is what its user asked for; else its command exits with 3.</summary>
    public virtual bool IsAsExpected => true;

    /// <summary>Writes what the user wanted as files of their own, beside the report.</summary>
    public virtual Task WriteFilesAsync(JournalReader reader, RunStore store, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>The run for programs.</summary>
    /// <param name="status">How it stands, for who knows better than the journal.</param>
    public virtual object ToJson(RunStatus status) => new { Run, State = status, Playbook, Title, Reason, Report = Report() };

    /// <summary>A part of the run.</summary>
    /// <param name="name">Its name, such as <c>trial-3</c>.</param>
    /// <param name="reader">The journal.</param>
    /// <exception cref="ArgumentException">There is none; one line that says which there are.</exception>
    public virtual RunPart Part(string name, JournalReader reader) =>
        throw new ArgumentException($"run {Run} has no '{name}': a run of '{Playbook}' has no parts to show");

    /// <summary>The report as one HTML file that needs nothing else.</summary>
    public virtual Task<string> HtmlAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        Task.FromResult(PlainReport.Html(this, reader));

    /// <summary>The report as Markdown, fit for a pull request.</summary>
    public virtual Task<string> MarkdownAsync(JournalReader reader, RunStore store, CancellationToken cancellation) =>
        Task.FromResult(PlainReport.Markdown(this));

    /// <summary>Where the report stands.</summary>
    public string ReportPath => Path.Combine(Folder.Path, "report.html");

    /// <summary>Where the report stands; null before it was written.</summary>
    protected string? Report() => File.Exists(ReportPath) ? ReportPath : null;

    private void FoldCommon(RunEvent happened)
    {
        LastEvent = happened.At;
        switch (happened)
        {
            case RunEvent.TakenUp:
                Started = Generations++ == 0 ? happened.At : Started;
                break;
            case RunEvent.Amended:
                (Failure, Result) = (null, null);
                break;
            case RunEvent.ParkingChanged parking:
                Parked = parking.All;
                break;
            case RunEvent.OfAgent ofAgent:
                Agents.Fold(ofAgent.Event);
                break;
            case RunEvent.Steered steered:
                _orders.Add(steered.Order);
                break;
            case RunEvent.Completed completed:
                Result = completed.Json;
                break;
            case RunEvent.Failed failed:
                Failure = failed.Failure.Message;
                break;
        }
    }

    private static string OneLine(ReadOnlyMemory<byte> json) => json.Span is [(byte)'"', ..]
        ? JsonSerializer.Deserialize<string>(json.Span)!
        : Encoding.UTF8.GetString(json.Span);
}

using System.Text;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Goals;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;
using Godwit.Runs;
using Godwit.Workspaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Godwit.Server.Centre;

/// <summary>Runs: looking at them, and what people do to them.</summary>
internal sealed class RunEndpoints(LiveRuns runs, RunIndex index, Devices devices, GoalFolder goals, CentreOptions options)
{
    private const int NewestRows = 100;
    private const int MostRows = 500;
    private const int MostHits = 100;
    private const int MostFollowed = 50;
    private const int MostDays = 3650;

    private readonly RunActions _actions = new(options.Kinds, options.Store);
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, (string Stamp, long Bytes)> _disks = new(StringComparer.Ordinal);
    private readonly GodwitProcess _godwit = new(options.Program, options.Store);

    public static void Map(
        IEndpointRouteBuilder app, LiveRuns runs, RunIndex index, Devices devices, GoalFolder goals, CentreOptions options)
    {
        var here = new RunEndpoints(runs, index, devices, goals, options);
        here.MapReading(app);
        here.MapActions(app);
    }

    private void MapReading(IEndpointRouteBuilder app)
    {
        var watch = app.MapGroup("/api").WithMetadata(new Needs(DeviceRole.Watch)).AddEndpointFilter(SayWhyAsync);
        watch.MapGet("/runs", () => runs.Fleet);
        watch.MapGet("/events", StreamAsync).ExcludeFromDescription();
        watch.MapGet("/runs/{run}", (string run) => runs.Get(run).Snapshot(NewestRows));
        watch.MapGet(
            "/runs/{run}/rows",
            (string run, long? before, string? agent, int? most) =>
                runs.Get(run).Before(before ?? long.MaxValue, agent, Math.Clamp(most ?? NewestRows, 1, MostRows)));
        watch.MapGet("/runs/{run}/rows/{seq:long}/{part:int}", (string run, long seq, int part) => runs.Get(run).TextOf(seq, part) is { } text
            ? TypedResults.Ok(new RowText(text))
            : No(StatusCodes.Status404NotFound, "there is no such row")).Produces<RowText>();
        watch.MapGet("/runs/{run}/plots", (string run) => runs.Get(run).Plots());
        watch.MapGet("/runs/{run}/timeline", (string run) => runs.Get(run).Timeline());
        watch.MapGet("/runs/{run}/changes", async (string run, string? agent, CancellationToken cancellation) =>
            await runs.Get(run).ChangesAsync(agent, cancellation) is { } changes
                ? TypedResults.Ok(changes)
                : No(StatusCodes.Status404NotFound, agent is null ? "this run has handed over nothing" : $"there is no agent '{agent}'")).Produces<Changes>();
        watch.MapGet("/search", (string words, CancellationToken cancellation) => index.SearchAsync(words, MostHits, cancellation));
        watch.MapGet("/usage", (string by, int days, CancellationToken cancellation) =>
            index.UsageAsync(options.Time.GetUtcNow() - TimeSpan.FromDays(Math.Clamp(days, 1, MostDays)), by, cancellation));
        watch.MapGet("/models", ModelsAsync).Produces<ModelList>();
        watch.MapGet("/disk", () => runs.Fleet.Runs.Select(row => DiskOf(new RunFolder(row.Folder))).OfType<RunDisk>().ToList());
        watch.MapGet("/runs/{run}/verify", VerifyAsync).Produces<Verdict>();
        watch.MapGet("/runs/{run}/report", ReportAsync);
        watch.MapGet("/runs/{run}/evidence", (string run, HttpContext context) => runs.Get(run) is { Evidence: { } name } live
            ? Attached(context, File.ReadAllBytes(Path.Combine(live.Folder.Evidence, name)), name, "application/json")
            : No(StatusCodes.Status404NotFound, "this run has no evidence"));
    }

    private void MapActions(IEndpointRouteBuilder app)
    {
        var answer = app.MapGroup("/api/runs/{run}").WithMetadata(new Needs(DeviceRole.Answer), new OfRuns()).AddEndpointFilter(SayWhyAsync);
        MapOrder(answer, "say", SteeringAct.Say);
        MapOrder(answer, "pause", SteeringAct.Pause);
        MapOrder(answer, "unpause", SteeringAct.GoOn);
        answer.MapPost("/answer", AnswerAsync).Produces<Done>();

        var own = app.MapGroup("/api").WithMetadata(new Needs(DeviceRole.Own), new OfRuns()).AddEndpointFilter(SayWhyAsync);
        MapOrder(own.MapGroup("/runs/{run}"), "cancel", SteeringAct.Cancel);
        own.MapPost("/runs/{run}/stop", StopAsync).Produces<Done>();
        own.MapPost("/runs/{run}/resume", ResumeAsync).Produces<Done>();
        own.MapPost("/runs/{run}/apply", ApplyAsync).Produces<Done>();
        own.MapPost("/archive", (RunsBody body) => PutAway(body, options.Store.Archive, "archived; 'godwit archive --back RUN' brings it back"));
        own.MapPost("/delete", (RunsBody body) => PutAway(body, options.Store.Delete, "deleted"));
        own.MapGet("/goals", goals.All);
        own.MapGet("/goal", (string path, CancellationToken cancellation) => goals.PreviewAsync(path, cancellation));
        own.MapGet("/goal/schema", () =>
            TypedResults.Text(GoalSchema.Json(options.Kinds.CommonKeys, options.Kinds.Sections), "application/json")).ExcludeFromDescription();
        own.MapPost("/goal/check", async (GoalBody body, CancellationToken cancellation) =>
            new GoalProblems(await goals.CheckAsync(options.Kinds, body, cancellation)));
        own.MapPost("/goal", async (GoalBody body, CancellationToken cancellation) =>
        {
            await goals.SaveAsync(body, cancellation);
            return new Done("saved");
        });
        own.MapPost("/runs", async (StartBody body, CancellationToken cancellation) =>
            new Started(await goals.StartAsync(body.Path, cancellation)));
    }

    private void MapOrder(IEndpointRouteBuilder group, string name, SteeringAct act) => group.MapPost(
        $"/{name}",
        async (string run, OrderBody body, HttpContext context, CancellationToken cancellation) =>
        {
            var order = new SteeringOrder(act, body.Agent, body.Words ?? "") { By = DeviceOf(context), Request = SignedOf(context) };
            var outcome = await _actions.OrderAsync(runs.Find(run), order, cancellation);
            return outcome.Taken ? TypedResults.Ok(new Done(outcome.Message)) : No(StatusCodes.Status409Conflict, outcome.Message);
        }).Produces<Done>();

    private async Task StreamAsync(HttpContext context, string[] run, string[] after, bool fleet = false)
    {
        var token = context.Request.Headers.Authorization.ToString()["Bearer ".Length..];
        var id = devices.OfToken(token)!.Id;
        if (run.Length > MostFollowed)
        {
            throw new ArgumentException($"at most {MostFollowed} runs are followed at once");
        }

        try
        {
            var wanted = run.Select((one, index) => (one, after.ElementAtOrDefault(index))).ToList();
            await EventStream.SendAsync(context, runs, fleet || wanted.Count == 0, wanted, IsWelcome);
        }
        catch (Exception gone) when (
            context.Response.HasStarted && gone is OperationCanceledException or IOException or JournalException or ObjectDisposedException)
        {
            // The client has gone, or the run.
        }

        // A token ends while its stream goes on; a device that was revoked is sent away.
        bool IsWelcome() => devices.Knows(id);
    }

    /// <summary>Answers what waits: once, and only what was read.</summary>
    private async Task<IResult> AnswerAsync(string run, AnswerBody body, HttpContext context, CancellationToken cancellation)
    {
        var live = runs.Get(run);
        live.Refresh();
        if (live.AsksNow().FirstOrDefault(ask => ask.Id == body.Id) is not { } asked)
        {
            return No(StatusCodes.Status409Conflict, live.Read((_, reader) => AnsweredBy(reader, body.Id)));
        }

        if (asked.Hash != body.Hash)
        {
            return No(StatusCodes.Status409Conflict, "what waits has changed since it was shown; look again");
        }

        var (by, signed) = (DeviceOf(context), SignedOf(context));
        var isOwner = ((Device)context.Items[CentreGuard.Device]!).Role == DeviceRole.Own;
        ActionOutcome outcome;
        switch (asked.Kind)
        {
            case "plan":
                if (body.Plan is not null && !isOwner)
                {
                    return No(StatusCodes.Status403Forbidden, "only an owner changes plans");
                }

                var plan = body.Plan is { } json ? live.Read((view, _) => PlanForm.Checked(json.GetRawText(), (BuildView)view)) : null;
                var decided = new PlanAnswer(body.Grant, plan, body.Words) { By = by, Request = signed };
                outcome = await _actions.DecideAsync(live.Folder, asked.Id, decided, cancellation);
                break;
            case "parked":
                if (!isOwner)
                {
                    return No(StatusCodes.Status403Forbidden, "only an owner resolves what is parked");
                }

                var (process, key) = (long.Parse(asked.Id.Split('/')[0], null), asked.Id[(asked.Id.IndexOf('/', StringComparison.Ordinal) + 1)..]);
                var how = new ControlRequest("resolve", process, key, body.Grant ? "retry" : "fail", body.Words ?? "a person said no");
                var act = new PersonAct(how.How, asked.Id) { By = by, Request = signed };
                outcome = await _actions.ResolveAsync(live.Folder, how, act, cancellation);
                break;
            default:
                if (live.Read((view, _) => view.Agents.Approvals.FirstOrDefault(one => $"{one.Process}/{one.Asked.Name}" == asked.Id)) is not { } open)
                {
                    return No(StatusCodes.Status409Conflict, live.Read((_, reader) => AnsweredBy(reader, body.Id)));
                }

                outcome = await _actions.AnswerAsync(live.Folder, open, new Approval(body.Grant, body.Words) { By = by, Request = signed }, cancellation);
                break;
        }

        return outcome.Taken
            ? TypedResults.Ok(new Done(outcome.HasOwner ? "answered" : "answered; the run goes on when it is resumed"))
            : No(
                StatusCodes.Status409Conflict,
                asked.Kind == "parked" ? outcome.Message : live.Read((_, reader) => AnsweredBy(reader, body.Id)));
    }

    /// <summary>Who was first.</summary>
    private static string AnsweredBy(JournalReader reader, string id)
    {
        var slash = id.IndexOf('/', StringComparison.Ordinal);
        var (process, name) = slash > 0 && long.TryParse(id[..slash], out var number) ? (number, id[(slash + 1)..]) : (DurableRun.Root, id);
        var answer = reader.After(0, EntryKind.SignalReceived).LastOrDefault(entry => entry.Process == process && entry.Key == name);
        if (answer is null)
        {
            return "it doesn't wait any more";
        }

        var by = Canonical.Deserialize<Answerer>(answer.Data.Span).By ?? "a terminal";
        return $"it was answered before, by {by} at {answer.At.ToLocalTime():HH:mm:ss}";
    }

    private async Task<IResult> StopAsync(string run, HttpContext context, CancellationToken cancellation)
    {
        var act = new PersonAct("stop") { By = DeviceOf(context), Request = SignedOf(context) };
        return await _actions.StopAsync(runs.Find(run), act, cancellation) is { } outcome
            ? outcome.Taken ? TypedResults.Ok(new Done(outcome.Message)) : No(StatusCodes.Status409Conflict, outcome.Message)
            : No(StatusCodes.Status409Conflict, "it isn't running");
    }

    private async Task<IResult> ApplyAsync(string run)
    {
        // It goes on when the browser goes: it writes the user's repository.
        var (exit, output, error) = await _godwit.RunAsync(CancellationToken.None, "apply", runs.Find(run).Id);
        return exit == 0
            ? TypedResults.Ok(new Done($"merged into the checkout: {output.Trim().Split('\n')[^1].Trim()}"))
            : No(StatusCodes.Status409Conflict, $"{error}{output}".Trim());
    }

    private async Task<IResult> ResumeAsync(string run)
    {
        var folder = runs.Find(run);
        if (RunLock.IsHeld(folder))
        {
            return No(StatusCodes.Status409Conflict, "it is running");
        }

        var log = await _godwit.DetachAsync(run, "resume", run);
        return TypedResults.Ok(new Done($"resumed; what it says goes to {log}"));
    }

    private Done PutAway(RunsBody body, Action<RunFolder> put, string done)
    {
        var folders = body.Runs.Select(options.Store.FindExactly).ToList();
        if (folders.Find(RunLock.IsHeld) is { } busy)
        {
            throw new RunOwnedException($"{busy.Id} is owned by another process; nothing was done to any of them");
        }

        foreach (var folder in folders)
        {
            put(folder);
            runs.Release(folder.Id);
        }

        return new Done(done);
    }

    /// <summary>What a run takes; null for one that has just been deleted.</summary>
    private RunDisk? DiskOf(RunFolder folder)
    {
        if (!Directory.Exists(folder.Path))
        {
            return null;
        }

        var stamp = VerifiedHead.StampOf(folder);
        if (!_disks.TryGetValue(folder.Path, out var known) || known.Stamp != stamp)
        {
            var every = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };
            var files = new System.IO.Enumeration.FileSystemEnumerable<long>(folder.Path, (ref entry) => entry.Length, every)
            {
                // Links lead elsewhere.
                ShouldIncludePredicate = (ref entry) => !entry.IsDirectory,
                ShouldRecursePredicate = (ref entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
            };
            _disks[folder.Path] = known = (stamp, files.Sum());
        }

        return new RunDisk(folder.Id, known.Bytes, !RunLock.IsHeld(folder));
    }

    /// <summary>The models as <c>godwit models</c> tells them, which asks the providers that it can reach.</summary>
    private async Task<IResult> ModelsAsync(CancellationToken cancellation)
    {
        var (exit, output, error) = await _godwit.RunAsync(cancellation, "models", "--json");
        if (exit != 0)
        {
            return No(StatusCodes.Status409Conflict, error.Trim());
        }

        var told = JsonSerializer.Deserialize<ToldModels>(output, CentreJson.Options)!;
        return TypedResults.Ok(
            new ModelList(
                told.File,
                [
                    .. told.Models.Select(
                        model => new ModelRow(
                            model.Name, model.Provider, told.Providers.GetValueOrDefault(model.Provider, "unknown"), model.Input, model.Output,
                            [
                                .. told.Roles.Where(role => role.Value.Contains(model.Name))
                                    .Select(role => role.Value.Count == 1 ? role.Key : $"{role.Key} {role.Value.ToList().IndexOf(model.Name) + 1}"),
                            ])),
                ]));
    }

    private async Task<IResult> VerifyAsync(string run, CancellationToken cancellation)
    {
        var live = runs.Get(run);
        if (live.Evidence is not { } name)
        {
            return No(StatusCodes.Status404NotFound, "this run has no evidence");
        }

        var (exit, output, error) = await _godwit.RunAsync(cancellation, "verify", Path.Combine(live.Folder.Evidence, name));
        return TypedResults.Ok(new Verdict(exit == 0, [.. $"{output}{error}".Split('\n', StringSplitOptions.RemoveEmptyEntries)]));
    }

    private async Task<IResult> ReportAsync(string run, HttpContext context)
    {
        var folder = runs.Find(run);
        using var reader = JournalReader.OpenVerified(folder);
        var view = options.Kinds.View(reader);
        var html = await view.HtmlAsync(reader, options.Store, context.RequestAborted);
        return Attached(context, Encoding.UTF8.GetBytes(html), $"{run}.html", "text/html; charset=utf-8");
    }

    /// <summary>A file to keep: a browser that shows it all the same shows it without scripts, and away from the page.</summary>
    private static IResult Attached(HttpContext context, byte[] content, string name, string type)
    {
        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
        return TypedResults.File(content, type, name);
    }

    private static string DeviceOf(HttpContext context) => context.Items[CentreGuard.Device] is Device device ? device.Label : "";

    private static SignedRequest? SignedOf(HttpContext context) => (SignedRequest?)context.Items[CentreGuard.Signed];

    /// <summary>What stands in the way of an answer is said in one line.</summary>
    private static async ValueTask<object?> SayWhyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception error) when (!context.HttpContext.Response.HasStarted && Status(error) is { } status)
        {
            return No(status, error.Message);
        }
    }

    private static int? Status(Exception error) => error switch
    {
        JournalMissingException => StatusCodes.Status404NotFound,
        ArgumentException => StatusCodes.Status400BadRequest,
        RunOwnedException => StatusCodes.Status409Conflict,
        ObjectDisposedException => StatusCodes.Status503ServiceUnavailable,
        JournalException or GitException or IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception or OperationCanceledException =>
            StatusCodes.Status500InternalServerError,
        _ => null,
    };

    /// <summary>What <c>godwit models --json</c> prints.</summary>
    private sealed record ToldModels(
        string File, IReadOnlyList<ToldModel> Models, IReadOnlyDictionary<string, IReadOnlyList<string>> Roles,
        IReadOnlyDictionary<string, string> Providers);

    private sealed record ToldModel(string Name, string Provider, decimal? Input, decimal? Output);

    /// <summary>What every answer of a person has in common.</summary>
    private sealed record Answerer(string? By);

    private static IResult No(int status, string words) => TypedResults.Json(new Refused(words), statusCode: status);
}

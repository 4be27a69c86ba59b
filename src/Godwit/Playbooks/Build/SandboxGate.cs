using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks.Review;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>
/// Gates with the goal's own commands, in sandboxes without the network. What one command leaves behind, the next doesn't find; what the
/// base has of tests and of what accepts the work is laid over the commit, whatever the commit has in its place.
/// </summary>
internal sealed partial class SandboxGate(
    RunFolder folder, RunRepository repository, SandboxRunner sandbox, BuildTrees trees, BuildGoal goal, string baseCommit) : IGate, IDisposable
{
    private const int NotExecutable = 126;
    private const int NotFound = 127;
    private const int KilledAtTimeout = 124;
    private const string Workspace = "/ws/";

    private static readonly SearchValues<char> Patterns = SearchValues.Create("*?[${~");

    private static readonly TimeSpan LongestReproduction = TimeSpan.FromMinutes(2);

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly Glob _own = new(goal.Tests.Concat(goal.Protected));
    private readonly Glob _closed = new(goal.Protected.Concat(goal.Hidden));
    private readonly Glob _tests = new(goal.Tests);
    private readonly Glob _hidden = new(goal.Hidden);

    private string Built => Path.Combine(folder.Trees, "gate-built");

    private PlainTree Work => new(Path.Combine(folder.Trees, "gate-work"), sandbox.OwnerOfFiles);

    public async Task<GateResult> RunAsync(GateRequest request, Attempt attempt, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            return await LookAsync(request, attempt, cancellation);
        }
        catch (PrepareException failed)
        {
            return new GateResult(request.For, [new CheckVerdict("setup", GateVerdict.CouldNotRun, failed.Message)], SetupRecords(attempt));
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async Task<Reproduction> ReproduceAsync(ReproduceRequest request, Attempt attempt, CancellationToken cancellation)
    {
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            var atBase = await CodesAsync(request.Base, request.Finding, attempt, cancellation);
            return new Reproduction(atBase, await CodesAsync(request.Tip, request.Finding, attempt, cancellation));
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    public async Task<MutantResult> MutateAsync(MutantRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var mutants = await MutantsAsync(request, cancellation);
        var tried = new List<TriedMutant>();
        await _oneAtATime.WaitAsync(cancellation);
        try
        {
            foreach (var mutant in mutants)
            {
                tried.Add(new TriedMutant(mutant, await FateOfAsync(mutant, request.Gate, attempt, cancellation)));
                if (tried[^1].Fate == MutantFate.Killed)
                {
                    break;
                }
            }
        }
        finally
        {
            _oneAtATime.Release();
        }

        return new MutantResult(tried);
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task<IReadOnlyList<Mutant>> MutantsAsync(MutantRequest request, CancellationToken cancellation)
    {
        var all = new List<Mutant>();
        foreach (var (file, lines) in MutantFinder.LinesOf(await repository.DiffLinesAsync(request.Tip, request.Commit, cancellation)))
        {
            if (!_own.Matches(file) && MutantFinder.LanguageOf(file) is { } language
                && await repository.FileAsync(request.Commit, file, cancellation) is { } content)
            {
                all.AddRange(MutantFinder.In(file, Encoding.UTF8.GetString(content), lines, language));
            }
        }

        return MutantFinder.Spread(all, MutantResult.Most);
    }

    private async Task<MutantFate> FateOfAsync(Mutant mutant, GateRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var commands = new List<CommandRecord>();
        if (await LayAsync(request, commands, attempt, cancellation, Mutate) is not null)
        {
            return MutantFate.NotBuilt;
        }

        var verdicts = new List<CheckVerdict>();
        await AskAsync(request, verdicts, commands, attempt, cancellation);
        return verdicts.Exists(verdict => verdict.Verdict != GateVerdict.Passed) ? MutantFate.Killed : MutantFate.Survived;

        void Mutate()
        {
            var file = Path.Combine(Built, mutant.File);
            if (FileSystem.IsReallyBelow(Built, mutant.File) && FileSystem.Facts(file) is { IsRegular: true })
            {
                var lines = File.ReadAllText(file).Split('\n');
                lines[mutant.Line - 1] = mutant.After;
                File.WriteAllText(file, string.Join('\n', lines));
            }
        }
    }

    /// <summary>The exit codes of a finding's command on a commit.</summary>
    private async Task<IReadOnlyList<int>> CodesAsync(string commit, Finding finding, Attempt attempt, CancellationToken cancellation)
    {
        if (await LayAsync(new GateRequest("finding", commit, []), [], attempt, cancellation) is not null)
        {
            // There is nothing to run it on.
            return [.. Enumerable.Repeat(NotFound, ReviewRule.Runs)];
        }

        var (codes, work) = (new List<int>(), Work);
        var files = finding.Files.ToDictionary(file => file.Path, file => (byte[]?)Encoding.UTF8.GetBytes(file.Content), StringComparer.Ordinal);
        for (var run = 0; run < ReviewRule.Runs; run++)
        {
            work.Reset(Built, files);
            var command = trees.Template with { Shell = ServiceScript.Of(goal.Services, finding.Command), Tree = work.Path, Timeout = LongestReproduction };
            var result = await sandbox.RunAsync(command, cancellation);
            var ranNoTest = TestCount.In(result.Output + "\n" + result.Error) == 0;
            codes.Add(result.TimedOut ? KilledAtTimeout : ranNoTest ? NotFound : result.ExitCode);
        }

        return codes;
    }

    private async Task<GateResult> LookAsync(GateRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var (verdicts, commands) = (new List<CheckVerdict>(), new List<CommandRecord>());
        if (await LayAsync(request, commands, attempt, cancellation) is { } refused)
        {
            return new GateResult(request.For, [refused], commands);
        }

        await AskAsync(request, verdicts, commands, attempt, cancellation);
        return new GateResult(request.For, verdicts, commands);
    }

    /// <summary>Asks the checks of what was built.</summary>
    private async Task AskAsync(
        GateRequest request, List<CheckVerdict> verdicts, List<CommandRecord> commands, Attempt attempt, CancellationToken cancellation)
    {
        var work = Work;
        foreach (var check in request.Checks)
        {
            if (MissingIn(check.Run) is { } missing)
            {
                verdicts.Add(new CheckVerdict(check.Name, GateVerdict.CouldNotRun, $"'{check.Run}' runs {missing}, which isn't there"));
            }
            else
            {
                work.Reset(Built, new Dictionary<string, byte[]?>());
                var shell = ServiceScript.Of(goal.Services, check.Run);
                var result = await sandbox.RunAsync(trees.Template with { Shell = shell, Tree = work.Path }, cancellation);
                commands.Add(Record(check.Name, check.Run, result, attempt));
                verdicts.Add(VerdictOf(check, result));
            }

            if (verdicts[^1].Verdict != GateVerdict.Passed && !request.AsksAll)
            {
                break;
            }
        }
    }

    /// <summary>A file that a command names, that nobody but the user can bring, and that isn't there; null for none.</summary>
    private string? MissingIn(string command) => BuildKind.FilesIn(goal, command)
        .Where(file => _closed.Matches(file.Path) && !file.Path.AsSpan().ContainsAny(Patterns) && !Path.Exists(Path.Combine(Built, file.Path)))
        .Select(file => file.Local).FirstOrDefault();

    /// <summary>The script of the goal's own in which a command met its end before it began; null for none.</summary>
    private string? BrokenIn(SandboxResult result)
    {
        foreach (Match named in SyntaxError().Matches(result.Output + "\n" + result.Error))
        {
            var file = named.Groups["file"].Value;
            var below = file.StartsWith(Workspace, StringComparison.Ordinal) ? file[Workspace.Length..] : file;
            var path = file.StartsWith('/') || goal.Folder.Length == 0 ? below : $"{goal.Folder}/{below}";
            if (_closed.Matches(path))
            {
                return path;
            }
        }

        return null;
    }

    /// <summary>Makes the clean checkout and builds it; not null where the build, or what it left, is refused.</summary>
    private async Task<CheckVerdict?> LayAsync(
        GateRequest request, List<CommandRecord> commands, Attempt attempt, CancellationToken cancellation, Action? change = null)
    {
        await trees.LayAsync(request.Commit, Built, cancellation);
        commands.AddRange(SetupRecords(attempt));
        await LayBaseAsync(request, cancellation);
        change?.Invoke();
        return goal.Build is { } build ? await BuildAsync(build, request.Commit, commands, attempt, cancellation) : null;
    }

    /// <summary>Builds; not null where that, or what it left, is refused.</summary>
    private async Task<CheckVerdict?> BuildAsync(
        string command, string commit, List<CommandRecord> commands, Attempt attempt, CancellationToken cancellation)
    {
        var (before, guarded) = (await StateAsync(commit, cancellation), Guarded().ToHashSet(StringComparer.Ordinal));
        var result = await sandbox.RunAsync(trees.Template with { Shell = command, Tree = Built }, cancellation);
        commands.Add(Record("build", command, result, attempt));
        var verdict = VerdictOf(new BuildCheck("build", command), result);
        if (verdict.Verdict != GateVerdict.Passed)
        {
            return verdict;
        }

        if (await ChangedAsync(before, commit, cancellation) is { } changed)
        {
            return verdict with { Verdict = GateVerdict.Failed, Reason = $"the build changed {changed}, which is part of the repository" };
        }

        // What a build runs is work, and a module beside the one that accepts it could be taken in its place.
        foreach (var file in Guarded().Where(file => !guarded.Contains(file)).ToList())
        {
            File.Delete(Path.Combine(Built, file));
        }

        return null;
    }

    /// <summary>The files in the checkout where nobody may put any.</summary>
    private IEnumerable<string> Guarded() => Below(Built, "").Where(file => _own.Matches(file) || _hidden.Matches(file));

    private static IEnumerable<string> Below(string root, string folder)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(root, folder)).EnumerateFileSystemInfos())
        {
            var name = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
            if (FileSystem.Facts(entry.FullName) is { IsDirectory: true })
            {
                foreach (var below in Below(root, name))
                {
                    yield return below;
                }
            }
            else
            {
                yield return name;
            }
        }
    }

    /// <summary>Lays what the base has of tests and acceptance over the checkout, and takes away what isn't to be seen.</summary>
    private async Task LayBaseAsync(GateRequest request, CancellationToken cancellation)
    {
        List<string> files = [.. (await repository.FilesAsync(baseCommit, "", cancellation)).Select(file => file.Path)];
        var known = files.ToHashSet(StringComparer.Ordinal);
        var looks = request.WithOldTestsOnly || (goal.Hidden.Count > 0 && !request.WithHidden);
        bool IsUnwanted(string file) =>
            (_hidden.Matches(file) && !request.WithHidden) || (request.WithOldTestsOnly && _tests.Matches(file) && !known.Contains(file));

        foreach (var file in looks ? Below(Built, "").Where(IsUnwanted).ToList() : [])
        {
            File.Delete(Path.Combine(Built, file));
        }

        List<string> laid = [.. files.Where(file => _hidden.Matches(file) ? request.WithHidden : _own.Matches(file))];
        if (laid.Count > 0)
        {
            await repository.CheckoutAsync(baseCommit, Built, cancellation, laid);
            FileSystem.OwnAll(Built, sandbox.OwnerOfFiles);
        }
    }

    /// <summary>What the kernel says of every file of the repository.</summary>
    private async Task<Dictionary<string, FileFacts?>> StateAsync(string commit, CancellationToken cancellation) =>
        (await repository.FilesAsync(commit, "", cancellation)).ToDictionary(
            file => file.Path, file => FileSystem.Facts(Path.Combine(Built, file.Path)), StringComparer.Ordinal);

    /// <summary>A file of the repository that isn't what it was; null for none. A build may write what it finds, word for word.</summary>
    private async Task<string?> ChangedAsync(Dictionary<string, FileFacts?> before, string commit, CancellationToken cancellation)
    {
        foreach (var (file, was) in before)
        {
            var place = Path.Combine(Built, file);
            var now = FileSystem.Facts(place);
            if (now == was)
            {
                continue;
            }

            var source = _own.Matches(file) || _hidden.Matches(file) ? baseCommit : commit;
            if (now is not { IsRegular: true } || was is not { IsRegular: true })
            {
                return file;
            }

            var original = await repository.FileAsync(source, file, cancellation) ?? [];
            if (!original.AsSpan().SequenceEqual(File.ReadAllBytes(place)))
            {
                return file;
            }
        }

        return null;
    }

    private CheckVerdict VerdictOf(BuildCheck check, SandboxResult result)
    {
        var tests = TestCount.In(result.Output + "\n" + result.Error);
        var (verdict, reason) = result switch
        {
            { TimedOut: true } => (GateVerdict.Failed, $"{check.Name} took longer than {goal.Timeout.TotalSeconds:0} s"),
            { ExitCode: NotFound or NotExecutable } => (GateVerdict.CouldNotRun, FailureCause.Describe(check.Name, check.Run, result)),
            { ExitCode: not 0 } when BrokenIn(result) is { } broken => (GateVerdict.CouldNotRun, $"{broken} has a syntax error"),
            _ when tests == 0 => (GateVerdict.NoTests, $"'{check.Run}' ran no test"),
            { ExitCode: not 0 } => (GateVerdict.Failed, FailureCause.Describe(check.Name, check.Run, result)),
            _ when check.Tests is { } before && (tests ?? 0) < before => (GateVerdict.Failed, Fewer(check.Run, tests, before)),
            _ => (GateVerdict.Passed, (string?)null),
        };
        return new CheckVerdict(check.Name, verdict, reason, tests);
    }

    internal static string Fewer(string command, int? tests, int before)
    {
        var now = tests?.ToString(CultureInfo.InvariantCulture) ?? "no known number of";
        return string.Create(CultureInfo.InvariantCulture, $"'{command}' ran {now} tests, and the base ran {before}");
    }

    private List<CommandRecord> SetupRecords(Attempt attempt) =>
        [.. trees.TakeCarriedOut().Select(one => Record(one.Phase, one.Command, one.Result, attempt))];

    private static CommandRecord Record(string phase, string command, SandboxResult result, Attempt attempt)
    {
        var printed = result.Output + result.Error;
        BlobRef? log = printed.Length == 0 ? null : attempt.Put(Encoding.UTF8.GetBytes(printed));
        return new CommandRecord(phase, command, result.ExitCode, result.Elapsed.TotalSeconds, log);
    }

    // Python says where, shows the line, and then what: '  File "accept/x.py", line 3' ... 'SyntaxError: invalid syntax'.
    [GeneratedRegex("""File "(?<file>[^"\n]+)", line \d+\n(?:.*\n){0,3}?(?:SyntaxError|IndentationError|TabError): """)]
    private static partial Regex SyntaxError();
}

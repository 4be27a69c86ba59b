using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Godwit.Durable.Journal;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;
using Microsoft.Win32.SafeHandles;

namespace Godwit.Verification;

/// <summary>A command that was carried out.</summary>
internal sealed record Carried(string Phase, string Command, SandboxResult Result);

/// <summary>What the commands of one measurement came to, before it is judged.</summary>
internal sealed record Taken
{
    /// <summary>The commands, the one that reports last.</summary>
    public required IReadOnlyList<Carried> Carried { get; init; }

    /// <summary>The content of the reporting command's result file; null where it wrote none.</summary>
    public byte[]? ResultFile { get; init; }

    /// <summary>What Godwit itself has measured.</summary>
    public IReadOnlyDictionary<string, MetricSamples> Observed { get; init; } = new Dictionary<string, MetricSamples>();

    /// <summary>How long the candidate's command ran.</summary>
    public double Seconds { get; init; }

    /// <summary>The answer; null for none.</summary>
    public string? Answer { get; init; }

    /// <summary>Why there is no answer to compare; null where there is, or where none is needed.</summary>
    public string? AnswerProblem { get; init; }

    /// <summary>What is wrong beside the reporting command's own end; null for nothing.</summary>
    public (TrialOutcome Outcome, string Reason)? Refusal { get; init; }
}

/// <summary>
/// Carries out the commands of one measurement, as its kind has them. Each command has a scratch folder of its own that is new, and
/// nothing of one command is left when the next starts.
/// </summary>
internal sealed class MeasuredCommands
{
    private const string ResultName = "result.json";
    private const string Left = "out";
    private const string LeftInside = "/artifacts";
    private const int ResultLimit = 16 << 20;
    private const long LargestLeft = 4L << 30;
    private const double CpuSlack = 1.05;
    private const double CpuSlackSeconds = 0.05;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);

    private readonly HarnessTrees _trees;
    private readonly HarnessSpec _spec;
    private readonly SandboxRunner _sandbox;
    private readonly string _scratch;
    private readonly bool _metered;

    public MeasuredCommands(HarnessTrees trees, HarnessSpec spec, SandboxRunner sandbox, RunFolder folder)
    {
        _trees = trees;
        _spec = spec;
        _sandbox = sandbox;
        _scratch = Path.Combine(folder.Trees, "scratch");
        var named = spec.Constraints.SelectMany(text => Expression.Parse(text).Names).Append(spec.Metric).ToList();
        _metered = named.Exists(
            name => name.EndsWith(MeasurementKinds.Cpu, StringComparison.Ordinal)
                || name.EndsWith(MeasurementKinds.Peak, StringComparison.Ordinal))
            || (Processors.ForMeasuring(spec.Cpus) is not null && !sandbox.HoldsProcessors);
    }

    public Task<SandboxResult> CheckAsync(string command, string tree, CancellationToken cancellation) => _sandbox.RunAsync(
        Command(WithEnvironment(command), tree, "check", new Dictionary<string, string>()) with
        {
            Timeout = _spec.BuildTimeout,
            Cpus = Processors.ForWork(_spec.Cpus),
        },
        cancellation);

    public Task<Taken> MeasureAsync(string tree, ulong seed, bool holdOut, CancellationToken cancellation)
    {
        var line = holdOut ? _spec.HoldOut! : _spec.Measure;
        return _spec.Kind switch
        {
            MeasurementKind.Challenge => ChallengeAsync(line, tree, seed, cancellation),
            MeasurementKind.Driver => DriveAsync(line, tree, seed, holdOut, cancellation),
            MeasurementKind.Judge => JudgeAsync(line, tree, seed, holdOut, cancellation),
            _ => RunAsync(line, tree, seed, cancellation),
        };
    }

    private async Task<Taken> RunAsync(string line, string tree, ulong seed, CancellationToken cancellation)
    {
        var command = Measured(line, tree, "measure", Seeded(seed));
        FileSystem.SyncAll();
        var result = await _sandbox.RunAsync(command, cancellation);
        var taken = Of("measure", line, result, command);
        return _spec.Kind == MeasurementKind.Wall && result.ExitCode == 0 ? WithAnswer(taken, () => AnswerOf(result, tree)) : taken;
    }

    private async Task<Taken> ChallengeAsync(string line, string tree, ulong seed, CancellationToken cancellation)
    {
        var dialogue = new ChallengeDialogue(
            [.. Enumerable.Range(0, _spec.Rounds).Select(round => Derived(seed, round))], TimeProvider.System);

        // The seeds come one by one and never beforehand, so the environment has none.
        var command = Measured(line, tree, "measure", new Dictionary<string, string>());
        FileSystem.SyncAll();
        var result = await _sandbox.RunAsync(command, cancellation, new SandboxSession { Dialogue = dialogue.Talk });
        var taken = Of("measure", line, result, command);
        if (dialogue.Missing is { } missing)
        {
            return result.ExitCode == 0 ? taken with { AnswerProblem = missing } : taken;
        }

        var observed =
            new Dictionary<string, MetricSamples>(taken.Observed) { [MeasurementKinds.Round] = new MetricSamples(dialogue.Seconds, "s") };
        foreach (var (name, share) in MeasurementKinds.RoundPercentiles)
        {
            observed[name] = new MetricSamples([Percentile(dialogue.Seconds, share)], "s");
        }

        return taken with { Observed = observed, Answer = Answers.Of(string.Join('\n', dialogue.Answers)) };
    }

    private async Task<Taken> DriveAsync(string line, string tree, ulong seed, bool holdOut, CancellationToken cancellation)
    {
        var harness = await _trees.PlaceHarnessAsync(holdOut, cancellation);
        await using var link = await _sandbox.LinkAsync();
        var port = new Dictionary<string, string> { ["GODWIT_PORT"] = _spec.Port.ToString(CultureInfo.InvariantCulture) };
        var server = Measured(_spec.Serve!, tree, "serve", port) with { Link = link };
        var driver = Harness(line, harness, "driver", Seeded(seed).Concat(port).ToDictionary()) with
        {
            Link = link,
            Cpus = Processors.ForDriving(_spec.Cpus),
        };
        FileSystem.SyncAll();
        using var enough = new CancellationTokenSource();
        var serving = _sandbox.RunAsync(server, cancellation, new SandboxSession { Stop = enough.Token });
        SandboxResult? driven = null;
        try
        {
            while (!serving.IsCompleted && !link.IsListening(_spec.Port))
            {
                await Task.Delay(Poll, TimeProvider.System, cancellation);
            }

            driven = serving.IsCompleted ? null : await _sandbox.RunAsync(driver, cancellation);
        }
        finally
        {
            // Nothing is left running, however the drive has ended.
            await enough.CancelAsync();
            await ((Task)serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var served = await serving;
        var carried = new Carried("serve", _spec.Serve!, served);
        if (driven is null)
        {
            return new Taken { Carried = [carried], Refusal = NotServed(served) };
        }

        var taken = Of("driver", line, driven, driver, served);
        return taken with
        {
            Carried = [carried, .. taken.Carried],
            Refusal = served.Stopped || served.ExitCode == 0 ? taken.Refusal
                : (served.TimedOut ? TrialOutcome.TimedOut : TrialOutcome.Crashed, $"the server ended while it was driven: {Why(served)}"),
        };
    }

    private static string Why(SandboxResult ended) => $"{FailureCause.Of(ended)} (exit code {ended.ExitCode})";

    private (TrialOutcome Outcome, string Reason) NotServed(SandboxResult ended) => ended.TimedOut
        ? (TrialOutcome.TimedOut, $"the server didn't listen on port {_spec.Port} within {_spec.Timeout.TotalSeconds:0.#} s")
        : (
            ended.Crashed ? TrialOutcome.Crashed : TrialOutcome.Invalid,
            $"the server ended before it listened on port {_spec.Port}: {Why(ended)}");

    private async Task<Taken> JudgeAsync(string line, string tree, ulong seed, bool holdOut, CancellationToken cancellation)
    {
        var made = Measured(line, tree, "measure", Seeded(seed));
        Directory.CreateDirectory(Path.Combine(made.Scratch!, Left));
        FileSystem.Own(Path.Combine(made.Scratch!, Left), _sandbox.OwnerOfFiles);
        made = made with
        {
            Environment = made.Environment.Append(KeyValuePair.Create("GODWIT_OUT", $"{SandboxLine.ScratchInside}/{Left}")).ToDictionary(),
        };
        FileSystem.SyncAll();
        var result = await _sandbox.RunAsync(made, cancellation);
        var taken = Of("measure", line, result, made);
        if (result.ExitCode != 0 || result.TimedOut)
        {
            return taken;
        }

        var artifacts = Fresh("left", _sandbox.OwnerOfHarness);
        if (CopyData(Path.Combine(made.Scratch!, Left), artifacts) is { } problem)
        {
            return taken with { Refusal = (TrialOutcome.Invalid, problem) };
        }

        var judge = holdOut ? _spec.HoldOutScore ?? _spec.Score! : _spec.Score!;
        var bare = _sandbox.Kind == SandboxKind.None;
        var command = Harness(judge, await _trees.PlaceHarnessAsync(holdOut, cancellation), "score", Seeded(seed)
            .Append(KeyValuePair.Create("GODWIT_ARTIFACTS", bare ? artifacts : LeftInside)).ToDictionary());
        command = command with { Mounts = new Dictionary<string, string>(command.Mounts) { [artifacts] = LeftInside } };
        var judged = await _sandbox.RunAsync(command, cancellation);
        return taken with { Carried = [.. taken.Carried, new Carried("score", judge, judged)], ResultFile = ReadResult(command) };
    }

    /// <summary>What there is to say of a measured command, and of the server that it drove.</summary>
    private Taken Of(string phase, string line, SandboxResult result, SandboxCommand command, SandboxResult? server = null)
    {
        var measured = server ?? result;
        var observed = new Dictionary<string, MetricSamples> { [MeasurementKinds.Wall] = new([result.Elapsed.TotalSeconds], "s") };
        if (measured.Usage?.CpuSeconds is { } cpu)
        {
            observed[MeasurementKinds.Cpu] = new MetricSamples([cpu], "s");
        }

        if (measured.Usage?.PeakBytes is { } peak)
        {
            observed[MeasurementKinds.Peak] = new MetricSamples([peak / (double)(1 << 20)], "MiB");
        }

        var taken = new Taken { Carried = [new Carried(phase, line, result)], Observed = observed, Seconds = result.Elapsed.TotalSeconds };
        try
        {
            taken = taken with { ResultFile = ReadResult(command) };
        }
        catch (ResultException problem) when (result is { ExitCode: 0, TimedOut: false })
        {
            taken = taken with { Refusal = (TrialOutcome.Invalid, problem.Message) };
        }
        catch (ResultException)
        {
            // It failed anyway.
        }

        // Where nothing holds the command to its processors, what it used tells whether it kept to them.
        return Processors.ForMeasuring(_spec.Cpus) is not null && !_sandbox.HoldsProcessors && measured.Usage?.CpuSeconds is { } used
            && used > CpuSlack * _spec.Cpus * measured.Elapsed.TotalSeconds + CpuSlackSeconds
            ? taken with
            {
                Refusal = (
                    TrialOutcome.Invalid,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"it used {used:0.00} processor seconds in {measured.Elapsed.TotalSeconds:0.00} s, which is more than " +
                        $"cpus: {_spec.Cpus}")),
            }
            : taken;
    }

    private static Taken WithAnswer(Taken taken, Func<string> answer)
    {
        try
        {
            return taken with { Answer = answer() };
        }
        catch (ResultException problem)
        {
            return taken with { AnswerProblem = problem.Message };
        }
    }

    private string AnswerOf(SandboxResult result, string tree)
    {
        if (_spec.Answer != Answers.Printed)
        {
            return Answers.OfFile(tree, _spec.Folder.Length == 0 ? _spec.Answer! : $"{_spec.Folder}/{_spec.Answer}");
        }

        return result.Output.Contains(CappedOutput.LeftOut, StringComparison.Ordinal)
            ? throw new ResultException("it printed more than Godwit keeps, so its answer can't be compared; write the answer to a file")
            : Answers.OfOutput(result.Output);
    }

    private static Dictionary<string, string> Seeded(ulong seed) => new() { ["GODWIT_SEED"] = seed.ToString(CultureInfo.InvariantCulture) };

    /// <summary>The seed of a round of a challenge: the same for both arms of a pair, and told by no other.</summary>
    private static ulong Derived(ulong seed, int round) =>
        BitConverter.ToUInt64(
            HMACSHA256.HashData(
                BitConverter.GetBytes(seed), Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"round\n{round}")))) >> 11;

    private static double Percentile(List<double> values, double share)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
    }

    private SandboxCommand Measured(string shell, string tree, string phase, IReadOnlyDictionary<string, string> environment) =>
        Command(
            WithEnvironment(_spec.ArgumentsFile is { } file ? $"{shell} $(cat ./{ShellWords.Quote(file)})" : shell), tree, phase, environment) with
        {
            Cpus = Processors.ForMeasuring(_spec.Cpus),
            Metered = _metered,
        };

    private string WithEnvironment(string shell) =>
        _spec.EnvironmentFile is { } file ? $"set -a; . ./{ShellWords.Quote(file)}; set +a\n{shell}" : shell;

    private SandboxCommand Harness(string shell, string tree, string phase, IReadOnlyDictionary<string, string> environment) =>
        Command(shell, tree, phase, environment, isHarness: true) with { Cpus = Processors.ForWork(_spec.Cpus) };

    private SandboxCommand Command(
        string shell, string tree, string phase, IReadOnlyDictionary<string, string> environment, bool isHarness = false) => new()
    {
        Shell = shell,
        Tree = tree,
        Folder = _spec.Folder,
        Scratch = Fresh(phase, isHarness ? _sandbox.OwnerOfHarness : _sandbox.OwnerOfFiles),
        IsHarness = isHarness,
        Home = _trees.Home,
        Read = _spec.Read,
        Mounts = _trees.Mounts,
        Timeout = _spec.Timeout,
        Environment = environment.Append(KeyValuePair.Create("GODWIT_RESULT", $"{SandboxLine.ScratchInside}/{ResultName}"))
            .Concat(PackageCaches.Variables())
            .ToDictionary(),
    };

    private string Fresh(string name, int owner)
    {
        var folder = Path.Combine(_scratch, name);
        if (Directory.Exists(folder))
        {
            FileSystem.DeleteAll(folder);
        }

        Directory.CreateDirectory(folder);
        FileSystem.Own(folder, owner);
        return folder;
    }

    /// <summary>The candidate's side wrote this file: a link, a device, a folder or something huge in its place is no result.</summary>
    private static byte[]? ReadResult(SandboxCommand command)
    {
        var path = Path.Combine(command.Scratch!, ResultName);
        if (FileSystem.Facts(path) is not { } facts)
        {
            return null;
        }

        if (facts is not { IsRegular: true, Size: <= ResultLimit })
        {
            throw new ResultException(
                $"$GODWIT_RESULT is {(facts.IsDirectory ? "a folder" : facts.IsRegular ? $"larger than {ResultLimit >> 20} MiB" : "no plain file")}");
        }

        // Nothing that could swap the file is alive any more.
        using SafeFileHandle file = File.OpenHandle(path);
        var content = new byte[RandomAccess.GetLength(file)];
        RandomAccess.Read(file, content, 0);
        return content;
    }

    /// <summary>Copies plain files and folders; says what isn't one.</summary>
    private string? CopyData(string from, string to)
    {
        var total = 0L;
        foreach (var entry in new DirectoryInfo(from)
            .EnumerateFileSystemInfos(
                "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, MaxRecursionDepth = 32 }))
        {
            var name = Path.GetRelativePath(from, entry.FullName);
            var target = Path.Combine(to, name);
            switch (FileSystem.Facts(entry.FullName))
            {
                case { IsDirectory: true }:
                    Directory.CreateDirectory(target);
                    break;
                case { IsRegular: true } facts when (total += facts.Size) <= LargestLeft:
                    Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                    using (var source = File.OpenRead(entry.FullName))
                    using (var copy = File.Create(target))
                    {
                        source.CopyTo(copy);
                    }

                    break;
                case { IsRegular: true }:
                    return $"it left more than {LargestLeft >> 30} GiB in $GODWIT_OUT";
                default:
                    return $"it left {name} in $GODWIT_OUT, which is neither a plain file nor a folder";
            }

            FileSystem.Own(target, _sandbox.OwnerOfHarness);
        }

        return null;
    }
}

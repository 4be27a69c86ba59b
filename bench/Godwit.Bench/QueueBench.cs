using System.Globalization;
using Godwit.Playbooks.Build;
using Godwit.Workspaces;

namespace Godwit.Bench;

/// <summary>
/// The merge queue beside three others, over the same scripted changes on real git: changes that are bad, that make a check fail now and
/// then, that conflict, and a check that fails by chance on good tips too.
/// </summary>
internal static class QueueBench
{
    private const int Changes = 20;
    private const double Flake = 0.05;
    private const double FlakyBad = 0.02;
    private const double Conflicting = 0.05;
    private static readonly double[] BadRates = [0.02, 0.05, 0.1, 0.2, 0.3];

    private static readonly (string Name, Func<World, Task> Run)[] Queues =
    [
        ("Godwit", world => GodwitAsync(world)),
        ("one by one, a retry", world => OneByOneAsync(world)),
        ("batches of 5, a retry, bisection", world => BatchAsync(world)),
        ("Zuul's dependent pipeline", world => ZuulAsync(world)),
    ];

    public static async Task RunAsync(int seeds)
    {
        Console.WriteLine(
            $"{seeds} seeds of {Changes} changes; a good tip fails {Flake:P0} of gates by chance, {FlakyBad:P0} of changes make a check fail " +
            $"half of the time, {Conflicting:P0} conflict");
        Console.WriteLine(
            "bad   queue                                gates a change  waves a change  bad merged  innocents evicted  flaky-bad merged unreported");
        foreach (var rate in BadRates)
        {
            var sums = Queues.Select(_ => new Sum()).ToArray();
            var all = Enumerable.Range(0, seeds / BadRates.Length);
            await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, async (seed, _) =>
            {
                using var scratch = new Scratch();
                var history = await History.MakeAsync(scratch.File("repository"), seed, rate);
                for (var index = 0; index < Queues.Length; index++)
                {
                    var world = new World(history, seed * 31 + index);
                    await Queues[index].Run(world);
                    lock (sums)
                    {
                        sums[index].Add(world, history);
                    }
                }
            });
            for (var index = 0; index < Queues.Length; index++)
            {
                Console.WriteLine(sums[index].Line(rate, Queues[index].Name));
            }
        }
    }

    private static async Task GodwitAsync(World world)
    {
        var round = await new MergeQueue(world).MergeAsync(world.History.Base, world.History.Queue);
        world.Merged.UnionWith(round.Merged.Select(one => one.Change.Task));
        world.Evicted.UnionWith(round.Refused.Select(one => one.Change.Task));
        world.Reported = round.Flakes.Count > 0;
        world.Waves = world.Gates;
    }

    /// <summary>Each change alone on the tip; a gate that fails is asked once more.</summary>
    private static async Task OneByOneAsync(World world)
    {
        var tip = world.History.Base;
        foreach (var change in world.History.Queue)
        {
            if ((await world.StackAsync(tip, change)).Tip is { } next)
            {
                tip = await world.PassesAsync(next, retries: 1) ? world.Merge(next, change) : world.Evict(tip, change);
            }
        }

        world.Waves = world.Gates;
    }

    /// <summary>
    /// A stack of five, its tip gated and once more where that fails, then halves: bors' algorithm with a retry, as Gas Town describes its
    /// merge queue.
    /// </summary>
    private static async Task BatchAsync(World world)
    {
        var tip = world.History.Base;
        foreach (var batch in world.History.Queue.Chunk(5))
        {
            tip = await LandAsync(world, tip, batch, retries: 1);
        }

        world.Waves = world.Gates;

        static async Task<string> LandAsync(World world, string tip, QueuedChange[] batch, int retries)
        {
            var (top, stacked) = (tip, new List<QueuedChange>());
            foreach (var change in batch)
            {
                if ((await world.StackAsync(top, change)).Tip is { } next)
                {
                    top = next;
                    stacked.Add(change);
                }
            }

            if (stacked.Count == 0)
            {
                return tip;
            }

            if (await world.PassesAsync(top, retries))
            {
                stacked.ForEach(change => world.Merge(top, change));
                return top;
            }

            if (stacked.Count == 1)
            {
                return world.Evict(tip, stacked[0]);
            }

            var middle = stacked.Count / 2;
            return await LandAsync(world, await LandAsync(world, tip, [.. stacked.Take(middle)], 0), [.. stacked.Skip(middle)], 0);
        }
    }

    /// <summary>
    /// Every change of a window is gated at once on top of those before it; one that fails is evicted and those behind it begin again. The
    /// window starts at 20, grows by one and is halved, down to 3 (zuul-ci.org, "Project gating" and pipeline.window).
    /// </summary>
    private static async Task ZuulAsync(World world)
    {
        var (tip, left, window) = (world.History.Base, world.History.Queue.ToList(), 20);
        while (left.Count > 0)
        {
            var (top, stack) = (tip, new List<(QueuedChange Change, string Tip)>());
            foreach (var change in left.Take(window).ToList())
            {
                if ((await world.StackAsync(top, change)).Tip is { } next)
                {
                    stack.Add((change, top = next));
                }
                else
                {
                    left.Remove(change);
                }
            }

            world.Waves++;
            var failed = -1;
            for (var index = 0; index < stack.Count; index++)
            {
                // All of them run, whether or not one before them fails.
                var passes = await world.PassesAsync(stack[index].Tip, retries: 0);
                failed = passes || failed >= 0 ? failed : index;
            }

            foreach (var (change, at) in stack.Take(failed < 0 ? stack.Count : failed))
            {
                tip = world.Merge(at, change);
                left.Remove(change);
                window++;
            }

            if (failed >= 0)
            {
                world.Evict(tip, stack[failed].Change);
                left.Remove(stack[failed].Change);
                window = Math.Max(3, window / 2);
            }
        }
    }

    /// <summary>Changes on real git, and what each is.</summary>
    private sealed class History
    {
        private readonly Dictionary<(string, string), StackedChange> _stacked = [];
        private readonly Dictionary<string, HashSet<string>> _names = [];

        private History(RunRepository repository, string @base) => (Repository, Base) = (repository, @base);

        public RunRepository Repository { get; }

        public string Base { get; }

        public List<QueuedChange> Queue { get; } = [];

        public HashSet<string> Bad { get; } = [];

        public HashSet<string> Flaky { get; } = [];

        public static async Task<History> MakeAsync(string folder, int seed, double rate)
        {
            var random = new Random(seed);
            var user = Directory.CreateDirectory(folder + "-user").FullName;
            await File.WriteAllTextAsync(Path.Combine(user, "shared"), "line\n");
            var repository = new RunRepository(folder);
            var source = await SourceRepository.FindAsync(user, CancellationToken.None);
            var start = await repository.CloneAsync(source with { Root = user, Folder = "", IsGit = false }, "HEAD", CancellationToken.None);
            var history = new History(repository, start);
            for (var number = 1; number <= Changes; number++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"c{number:00}");
                var files = new Dictionary<string, byte[]?>();
                var kind = "good";
                if (random.NextDouble() < rate)
                {
                    kind = "bad";
                    history.Bad.Add(name);
                }
                else if (random.NextDouble() < FlakyBad)
                {
                    kind = "flaky";
                    history.Flaky.Add(name);
                }

                files[$"{kind}-{name}"] = [1];
                if (random.NextDouble() < Conflicting)
                {
                    files["shared"] = [.. System.Text.Encoding.ASCII.GetBytes($"line of {name}\n")];
                }

                var commit = await repository.CommitAsync(history.Base, files, name, DateTimeOffset.UnixEpoch, name, CancellationToken.None);
                history.Queue.Add(new QueuedChange(name, commit));
            }

            return history;
        }

        public async Task<StackedChange> StackAsync(string tip, QueuedChange change)
        {
            if (_stacked.TryGetValue((tip, change.Task), out var known))
            {
                return known;
            }

            var merge = await Repository.MergeAsync(tip, change.Commit, CancellationToken.None);
            return _stacked[(tip, change.Task)] = merge.Conflicts.Count > 0
                ? new StackedChange(null, merge.Conflicts)
                : new StackedChange(
                    await Repository.WriteCommitAsync(
                        new CommitFacts(merge.Tree, [tip], "a <a@b>", DateTimeOffset.UnixEpoch, change.Task), "tip", null, CancellationToken.None),
                    []);
        }

        /// <summary>The files of a tip: a check reads what it is from them.</summary>
        public async Task<HashSet<string>> FilesAsync(string tip)
        {
            if (!_names.TryGetValue(tip, out var names))
            {
                _names[tip] = names = [.. (await Repository.FilesAsync(tip, "", CancellationToken.None)).Select(file => file.Path)];
            }

            return names;
        }
    }

    /// <summary>One queue's go at a history.</summary>
    private sealed class World(History history, int seed) : IIntegration
    {
        private readonly Random _random = new(seed);

        public History History => history;

        public HashSet<string> Merged { get; } = [];

        public HashSet<string> Evicted { get; } = [];

        public int Gates { get; private set; }

        public int Waves { get; set; }

        /// <summary>Whether a check that failed and passed on one tip was told of.</summary>
        public bool Reported { get; set; }

        public Task<StackedChange> StackAsync(string tip, QueuedChange change) => history.StackAsync(tip, change);

        public async Task<GateResult> GateAsync(string tip, IReadOnlyList<QueuedChange> stacked)
        {
            Gates++;
            var files = await history.FilesAsync(tip);
            var fails = files.Any(file => file.StartsWith("bad-", StringComparison.Ordinal))
                || (files.Any(file => file.StartsWith("flaky-", StringComparison.Ordinal)) && _random.NextDouble() < 0.5)
                || _random.NextDouble() < Flake;
            return new GateResult("tip", [new CheckVerdict("check", fails ? GateVerdict.Failed : GateVerdict.Passed, fails ? "it fails" : null)], []);
        }

        public async Task<bool> PassesAsync(string tip, int retries)
        {
            for (var tries = 0; tries <= retries; tries++)
            {
                if ((await GateAsync(tip, [])).HasPassed)
                {
                    Reported |= tries > 0;
                    return true;
                }
            }

            return false;
        }

        public string Merge(string tip, QueuedChange change)
        {
            Merged.Add(change.Task);
            return tip;
        }

        public string Evict(string tip, QueuedChange change)
        {
            Evicted.Add(change.Task);
            return tip;
        }
    }

    private sealed class Sum
    {
        private int _changes;
        private int _gates;
        private int _waves;
        private int _badMerged;
        private int _innocents;
        private int _good;
        private int _flakyMerged;
        private int _flaky;

        public void Add(World world, History history)
        {
            _changes += Changes;
            _gates += world.Gates;
            _waves += world.Waves;
            _badMerged += world.Merged.Count(history.Bad.Contains);
            _innocents += world.Evicted.Count(change => !history.Bad.Contains(change) && !history.Flaky.Contains(change));
            _good += Changes - history.Bad.Count - history.Flaky.Count;
            var merged = world.Merged.Count(history.Flaky.Contains);
            _flaky += history.Flaky.Count;
            _flakyMerged += world.Reported ? 0 : merged;
        }

        public string Line(double rate, string name)
        {
            var (innocents, flaky) = ($"{_innocents} of {_good} ({_innocents / (double)_good:P2})", $"{_flakyMerged} of {_flaky}");
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{rate,4:P0}  {name,-36} {_gates / (double)_changes,10:0.00} {_waves / (double)_changes,14:0.00} {_badMerged,12} {innocents,22} {flaky,14}");
        }
    }
}

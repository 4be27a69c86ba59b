namespace Godwit.Verification;

/// <summary>
/// The set of all paths that some globs match, as an automaton: whether two sets have a path in common, and whether one holds all of
/// another, is decided for every path there could be, and not for those of today's tree or by the beginnings of patterns.
/// </summary>
public sealed class GlobLanguage
{
    private const char Slash = '/';

    private readonly List<State> _states = [];
    private readonly SortedSet<int> _start;

    /// <summary>The paths that any of some globs matches; see <see cref="Glob"/>.</summary>
    public GlobLanguage(params IEnumerable<string> patterns) => _start = Closed([.. patterns.Select(Add)]);

    private enum Reads
    {
        One,
        WithinName,
        Any,
    }

    /// <summary>A path that both sets have; null where there is none.</summary>
    public string? Common(GlobLanguage other) => Search(other, (mine, theirs) => Accepts(mine) && other.Accepts(theirs), needsBoth: true);

    /// <summary>A path of this set that another hasn't; null where the other holds all of it.</summary>
    public string? Beyond(GlobLanguage other) => Search(other, (mine, theirs) => Accepts(mine) && !other.Accepts(theirs), needsBoth: false);

    /// <summary>The shortest path, of those that a file can have, that leads both automata to a place that is looked for.</summary>
    private string? Search(GlobLanguage other, Func<SortedSet<int>, SortedSet<int>, bool> isFound, bool needsBoth)
    {
        var letters = Letters.Union(other.Letters).Append(Slash).Append(Unused(Letters.Union(other.Letters))).Distinct().ToList();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<(SortedSet<int> Mine, SortedSet<int> Theirs, string Path)>();
        open.Enqueue((_start, other._start, ""));
        while (open.TryDequeue(out var at))
        {
            var endsInName = at.Path.Length > 0 && at.Path[^1] != Slash;
            if (endsInName && isFound(at.Mine, at.Theirs))
            {
                return at.Path;
            }

            foreach (var letter in letters.Where(letter => letter != Slash || endsInName))
            {
                var (mine, theirs) = (After(at.Mine, letter), other.After(at.Theirs, letter));
                if (mine.Count > 0
                    && (theirs.Count > 0 || !needsBoth)
                    && seen.Add($"{string.Join(',', mine)}|{string.Join(',', theirs)}|{letter == Slash}"))
                {
                    open.Enqueue((mine, theirs, at.Path + letter));
                }
            }
        }

        return null;
    }

    private IEnumerable<char> Letters => _states.SelectMany(state => state.Moves).Where(move => move.Reads == Reads.One).Select(move => move.Letter);

    /// <summary>A letter that stands for all that no pattern names.</summary>
    private static char Unused(IEnumerable<char> used)
    {
        var letter = 'x';
        for (var taken = used.ToHashSet(); taken.Contains(letter);)
        {
            letter++;
        }

        return letter;
    }

    private bool Accepts(SortedSet<int> states) => states.Any(state => _states[state].IsEnd);

    private SortedSet<int> After(SortedSet<int> states, char letter) => Closed(
        from state in states
        from move in _states[state].Moves
        where move.Takes(letter)
        select move.To);

    private SortedSet<int> Closed(IEnumerable<int> states)
    {
        var (all, open) = (new SortedSet<int>(), new Stack<int>(states));
        while (open.TryPop(out var state))
        {
            if (all.Add(state))
            {
                _states[state].Free.ForEach(open.Push);
            }
        }

        return all;
    }

    /// <summary>Adds a pattern's states; returns the first.</summary>
    private int Add(string pattern)
    {
        pattern = Glob.Plain(pattern);
        var first = New();
        if (pattern.Length == 0)
        {
            return Ending(Loop(first, Reads.Any));
        }

        var at = first;
        for (var index = 0; index < pattern.Length; index++)
        {
            if (pattern.AsSpan(index).StartsWith("**/"))
            {
                // Nothing, or any folders with their slash.
                var (inside, next) = (Loop(New(), Reads.Any), New());
                _states[at].Free.AddRange([inside, next]);
                _states[inside].Moves.Add(new Move(Reads.One, Slash, next));
                (at, index) = (next, index + 2);
            }
            else if (pattern.AsSpan(index).StartsWith("**"))
            {
                (at, index) = (Loop(Next(at), Reads.Any), index + 1);
            }
            else if (pattern[index] == '*')
            {
                at = Loop(Next(at), Reads.WithinName);
            }
            else
            {
                var next = New();
                _states[at].Moves.Add(
                    pattern[index] == '?' ? new Move(Reads.WithinName, default, next) : new Move(Reads.One, pattern[index], next));
                at = next;
            }
        }

        // A folder's name stands for all below it.
        var below = Ending(Loop(New(), Reads.Any));
        _states[Ending(at)].Moves.Add(new Move(Reads.One, Slash, below));
        return first;
    }

    private int New()
    {
        _states.Add(new State());
        return _states.Count - 1;
    }

    /// <summary>A new state that is reached without reading anything.</summary>
    private int Next(int state)
    {
        var next = New();
        _states[state].Free.Add(next);
        return next;
    }

    private int Loop(int state, Reads reads)
    {
        _states[state].Moves.Add(new Move(reads, default, state));
        return state;
    }

    private int Ending(int state)
    {
        _states[state].IsEnd = true;
        return state;
    }

    private sealed class State
    {
        public bool IsEnd { get; set; }

        public List<int> Free { get; } = [];

        public List<Move> Moves { get; } = [];
    }

    private sealed record Move(Reads Reads, char Letter, int To)
    {
        public bool Takes(char letter) => Reads switch
        {
            Reads.One => letter == Letter,
            Reads.WithinName => letter != Slash,
            _ => true,
        };
    }
}

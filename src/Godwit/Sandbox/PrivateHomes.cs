using System.Collections.Concurrent;
using Godwit.Workspaces;

namespace Godwit.Sandbox;

/// <summary>Copies of home folders, one for each command that runs: what it leaves there is gone before the next one.</summary>
internal sealed class PrivateHomes
{
    private static readonly Dictionary<string, byte[]?> Nothing = [];

    private readonly ConcurrentDictionary<(string Home, int Owner), ConcurrentBag<PlainTree>> _idle = new();
    private int _made;

    /// <summary>A copy of a home as it was set up; given back with <see cref="Return"/>.</summary>
    /// <param name="home">The home.</param>
    /// <param name="owner">The user that the copy's files belong to; -1 for the one Godwit runs as.</param>
    public PlainTree Rent(string home, int owner)
    {
        if (!_idle.GetOrAdd((home, owner), _ => []).TryTake(out var copy))
        {
            copy = new PlainTree(
                string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{home}.{Interlocked.Increment(ref _made)}"), owner);
        }

        Directory.CreateDirectory(home);
        copy.Reset(home, Nothing);
        return copy;
    }

    /// <summary>Takes a copy back when nothing of its command runs any more.</summary>
    public void Return(string home, int owner, PlainTree copy) => _idle[(home, owner)].Add(copy);
}

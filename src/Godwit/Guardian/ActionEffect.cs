namespace Godwit.Guardian;

/// <summary>What an action does, by its parsed form.</summary>
public enum EffectKind
{
    /// <summary>Shows that a file is there, or what it is called.</summary>
    Lists,

    /// <summary>Reads what a file holds.</summary>
    Reads,

    /// <summary>Makes a file or changes it.</summary>
    Writes,

    /// <summary>Deletes one file, or several named ones.</summary>
    Deletes,

    /// <summary>Deletes a whole folder.</summary>
    DeletesTree,

    /// <summary>Does something with a file that isn't known: may read it, may write it.</summary>
    Touches,

    /// <summary>Runs a file as a program.</summary>
    Runs,

    /// <summary>Runs text that was decoded, decrypted or downloaded in the same line: nobody has read it.</summary>
    RunsUnseen,

    /// <summary>Wants the network.</summary>
    Network,

    /// <summary>Gives something out of hand: pushes, publishes, sends, deploys.</summary>
    Publishes,

    /// <summary>Uses an account that pays, or machines of one.</summary>
    Spends,

    /// <summary>Wants other rights, or other users'.</summary>
    Privilege,

    /// <summary>Looks the machine over: for its accounts, for files that run with other rights.</summary>
    Scouts,

    /// <summary>Administers the machine: its services, accounts, kernel, disks, firewall.</summary>
    Administers,

    /// <summary>Ends or controls processes that it hasn't started.</summary>
    Controls,

    /// <summary>Starts something that outlives the command.</summary>
    Detaches,

    /// <summary>Arranges for something to be run later: timers, hooks, start-up files.</summary>
    Persists,

    /// <summary>Takes away what tells later what was done: logs, the shell's history.</summary>
    HidesTraces,

    /// <summary>Rewrites the history of a repository.</summary>
    RewritesHistory,

    /// <summary>Puts code of its own into other programs, by the variables that loaders read.</summary>
    Injects,

    /// <summary>Multiplies itself without an end.</summary>
    Floods,

    /// <summary>Starts a program whose effects nobody has written down.</summary>
    Unfamiliar,

    /// <summary>Does what can't be told from the line.</summary>
    Opaque,
}

/// <summary>One thing that an action does.</summary>
/// <param name="Kind">What.</param>
/// <param name="Place">Where, for what is done to files; else <see cref="PathPlace.None"/>.</param>
/// <param name="Target">The path, host or program; empty for none. What can't be told of it is <c>…</c>.</param>
public readonly record struct ActionEffect(EffectKind Kind, PathPlace Place, string Target)
{
    /// <summary>As people read it: <c>writes /etc/motd (system)</c>.</summary>
    public override string ToString()
    {
        var kind = Kind.ToString();
        var words = string.Concat(
            kind.Select((letter, at) => char.IsUpper(letter) ? $"{(at > 0 ? " " : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"));
        var place = Place == PathPlace.None ? "" : $" ({Place.ToString().ToLowerInvariant()})";
        return $"{words}{(Target.Length > 0 ? " " + Target : "")}{place}";
    }
}

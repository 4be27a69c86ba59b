using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Workspaces;

namespace Godwit.Runs;

/// <summary>Where runs and keys live: <c>$GODWIT_HOME</c>, or <c>godwit</c> in the XDG state folder.</summary>
/// <param name="home">The folder.</param>
public sealed class RunStore(string home)
{
    private const string Archives = "archive";
    private const string IdLetters = "abcdefghjkmnpqrstvwxyz23456789";

    /// <summary>The store of this user.</summary>
    public static RunStore OfUser()
    {
        if (Environment.GetEnvironmentVariable("GODWIT_HOME") is { Length: > 0 } home)
        {
            return new RunStore(Path.GetFullPath(home));
        }

        var state = Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } xdg
            ? xdg
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state");
        return new RunStore(Path.Combine(state, "godwit"));
    }

    /// <summary>The folder.</summary>
    public string Home => home;

    /// <summary>The user's own models, prices and roles.</summary>
    public string Models => Path.Combine(home, "models.yaml");

    /// <summary>The user's own templates for coding agents that are programs.</summary>
    public string Programs => Path.Combine(home, "programs.yaml");

    /// <summary>The user's own rules for what agents may do.</summary>
    public string Rules => Path.Combine(home, "rules.yaml");

    /// <summary>The rules that 'godwit approve --always' has written.</summary>
    public string ApprovedRules => Path.Combine(home, "rules.approved.yaml");

    /// <summary>Those of the two that are there.</summary>
    public IReadOnlyList<string> RuleFiles => [.. ((string[])[Rules, ApprovedRules]).Where(File.Exists)];

    /// <summary>What this machine's owner says of the network.</summary>
    public string Network => Path.Combine(home, "network.yaml");

    /// <summary>Files that every sandbox is given.</summary>
    public string SandboxAssets => Path.Combine(home, "sandbox");

    /// <summary>The keys that this user trusts.</summary>
    public TrustList Trust => new(Path.Combine(home, "trust"));

    /// <summary>The verifier's key of this user, made when it is first needed; it is trusted here.</summary>
    public SigningKey VerifierKey()
    {
        var key = SigningKey.LoadOrCreate(Path.Combine(home, "verifier.key"));
        Trust.Add(key.Public, $"{Environment.UserName}@{Environment.MachineName}");
        return key;
    }

    /// <summary>A folder for a new run; its id starts with the goal's name.</summary>
    /// <param name="name">The goal's name.</param>
    /// <param name="now">The date in the id.</param>
    /// <param name="shelf">The folder of the store; runs that can be listed and resumed stand in <c>runs</c>.</param>
    public RunFolder New(string name, DateTimeOffset now, string shelf = "runs")
    {
        var runs = Path.Combine(home, shelf);
        Directory.CreateDirectory(runs);
        while (true)
        {
            var id = string.Create(
                CultureInfo.InvariantCulture, $"{Slug(name)}-{now:MMdd}-{RandomNumberGenerator.GetString(IdLetters, 4)}");
            var folder = new RunFolder(Path.Combine(runs, id));
            if (!Directory.Exists(folder.Path))
            {
                Directory.CreateDirectory(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                return folder;
            }
        }
    }

    /// <summary>All runs, newest first.</summary>
    public IReadOnlyList<RunFolder> All() => All("runs");

    /// <summary>All gateways, newest first.</summary>
    public IReadOnlyList<RunFolder> Gateways() => All("gateways");

    /// <summary>Archived runs, newest first: they can be shown, reported and verified, and aren't listed with the others.</summary>
    public IReadOnlyList<RunFolder> Archived() => All(Archives);

    /// <summary>The run or archived run of an id, whole: what is moved or deleted isn't guessed at.</summary>
    /// <exception cref="JournalMissingException">There is none.</exception>
    public RunFolder FindExactly(string id) => All().Concat(Archived()).FirstOrDefault(run => run.Id == id)
        ?? throw new JournalMissingException($"there is no run '{id}'; give its whole id, as 'godwit list' or 'godwit list --archived' shows it");

    /// <summary>Archives a run.</summary>
    /// <exception cref="RunOwnedException">Somebody works on it.</exception>
    public void Archive(RunFolder run) => Move(run, "runs", Archives);

    /// <summary>Takes a run back out of the archive.</summary>
    public void Unarchive(RunFolder run) => Move(run, Archives, "runs");

    /// <summary>Deletes a run with all that it has made in its folder; a branch that it has published stays.</summary>
    /// <exception cref="RunOwnedException">Somebody works on it.</exception>
    /// <exception cref="ArgumentException">It is no run of this store.</exception>
    public void Delete(RunFolder run)
    {
        RequireOn(run, "runs", Archives);
        using (RunLock.Take(run))
        {
            // What is deleted only in part is no run any more.
            File.Delete(run.Journal);
        }

        FileSystem.DeleteAll(run.Path);
    }

    private void Move(RunFolder run, string from, string to)
    {
        RequireOn(run, from);
        using var owner = RunLock.Take(run);
        Directory.Move(run.Path, Path.Combine(Directory.CreateDirectory(Path.Combine(home, to)).FullName, run.Id));
    }

    private void RequireOn(RunFolder run, params ReadOnlySpan<string> shelves)
    {
        foreach (var shelf in shelves)
        {
            if (run.Path == Path.Combine(home, shelf, run.Id) && File.Exists(run.Journal))
            {
                return;
            }
        }

        throw new ArgumentException($"{run.Path} is no run that this can be done to");
    }

    private IReadOnlyList<RunFolder> All(string kind)
    {
        var runs = Path.Combine(home, kind);
        return Directory.Exists(runs)
            ? [.. new DirectoryInfo(runs).EnumerateDirectories().Select(folder => new RunFolder(folder.FullName)).Where(run => File.Exists(run.Journal))
                .OrderByDescending(run => File.GetCreationTimeUtc(run.Key)).ThenByDescending(run => run.Id)]
            : [];
    }

    /// <summary>
    /// The run, gateway or comparison of an id, of the beginning of one, of a folder's path, or the newest for <c>last</c>.
    /// </summary>
    /// <exception cref="JournalMissingException">There is none, or more than one.</exception>
    public RunFolder Find(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal) && Directory.Exists(name))
        {
            return new RunFolder(Path.GetFullPath(name).TrimEnd('/'));
        }

        var all = All();
        if (name == "last" && all.Count > 0)
        {
            return all[0];
        }

        List<RunFolder> named = [.. all, .. All("gateways"), .. All("comparisons"), .. Archived()];
        var found = named.Where(run => run.Id == name).ToList() is { Count: 1 } exact
            ? exact
            : [.. named.Where(run => run.Id.StartsWith(name, StringComparison.Ordinal))];
        return found switch
        {
            [var one] => one,
            [] => throw new JournalMissingException($"there is no run '{name}'; 'godwit list' shows the runs there are"),
            _ => throw new JournalMissingException(
                $"'{name}' could be {string.Join(" or ", found.Take(4).Select(run => run.Id))}; write more of it"),
        };
    }

    private static string Slug(string name)
    {
        var slug = new StringBuilder();
        foreach (var letter in name.ToLowerInvariant())
        {
            slug.Append(char.IsAsciiLetterOrDigit(letter) ? letter : '-');
        }

        return slug.ToString().Trim('-') is { Length: > 0 } text ? text[..Math.Min(text.Length, 40)].TrimEnd('-') : "run";
    }
}

using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary><c>git</c>: what its verbs reach, and its settings that are commands.</summary>
internal sealed partial class ShellReader
{
    private ShellFlow Git(List<string> words, ShellState state, ShellFlow input)
    {
        var inside = state.Copy();
        var at = 1;
        for (; at < words.Count && words[at].StartsWith('-'); at++)
        {
            if (words[at] is "-C" && at + 1 < words.Count)
            {
                AddPath(EffectKind.Lists, words[++at], inside);
                inside.Folder = Resolve(words[at], inside);
            }
            else if (words[at] is "-c" or "--config-env" && at + 1 < words.Count)
            {
                Setting(words[++at].Split('=', 2), inside);
            }
            else if (words[at].StartsWith("-c", StringComparison.Ordinal) && words[at].Length > 2)
            {
                Setting(words[at][2..].Split('=', 2), inside);
            }
            else if (words[at].StartsWith("--config-env", StringComparison.Ordinal)
                || words[at].StartsWith("--exec-path=", StringComparison.Ordinal))
            {
                Add(EffectKind.Opaque, words[at].Split('=')[0] + " of git");
            }
            else if (words[at] is "--git-dir" or "--work-tree" or "--namespace" or "--exec-path" && at + 1 < words.Count)
            {
                LookAtWords([words[++at]], inside);
            }
            else
            {
                LookAtWords([words[at]], inside);
            }
        }

        if (at >= words.Count)
        {
            return ShellFlow.Unknown;
        }

        var verb = words[at];
        List<string> rest = [.. words.Skip(at + 1)];
        bool Has(params string[] options) => rest.Exists(word => options.Contains(word)
            || options.Any(option => option.StartsWith("--", StringComparison.Ordinal)
                && word.StartsWith(option + "=", StringComparison.Ordinal)));
        GitCommands(verb, rest, inside);
        var isRemote = rest.Exists(word => RemoteAddress().IsMatch(word));
        switch (verb)
        {
            case "clone" or "fetch" or "pull" or "ls-remote" or "archive" when verb != "archive" || Has("--remote"):
                if (isRemote || !rest.Exists(word => word.StartsWith('.') || word.StartsWith('/')))
                {
                    Add(EffectKind.Network, HostIn(rest));
                }

                foreach (var transport in rest.Where(word => word.StartsWith("ext::", StringComparison.Ordinal)))
                {
                    Line(transport[5..], inside, ShellFlow.Unknown);
                }

                break;
            case "submodule" when Has("foreach"):
                Line(string.Join(' ', rest.SkipWhile(word => word != "foreach").Skip(1).SkipWhile(word => word.StartsWith('-'))), inside,
                    ShellFlow.Unknown);
                break;
            case "fetch-pack" or "send-pack" or "http-fetch" or "http-push" or "daemon" or "remote-http" or "remote-https" or "credential":
            case "remote" when Has("show", "prune") || (Has("add") && Has("-f")):
            case "submodule" when Has("add", "update"):
            case "remote" when Has("update"):
            case "lfs" or "svn" or "p4" or "send-email" or "request-pull" or "imap-send":
                Add(EffectKind.Network, HostIn(rest));
                break;
            case "push":
                Add(EffectKind.Network, HostIn(rest));
                Add(EffectKind.Publishes, "git push");
                if (Has("-f", "--force", "--force-with-lease", "--mirror", "--delete", "-d", "--prune")
                    || rest.Exists(word => word.StartsWith('+') || word.StartsWith(':')))
                {
                    Add(EffectKind.RewritesHistory, "git push by force");
                }

                break;
            case "filter-branch" or "filter-repo" or "replace":
            case "reflog" when Has("expire", "delete"):
            case "update-ref" when Has("-d"):
            case "gc" when Has("--prune"):
                Add(EffectKind.RewritesHistory, $"git {verb}");
                foreach (var filter in rest.Where((word, number) => number > 0
                    && rest[number - 1].EndsWith("-filter", StringComparison.Ordinal)))
                {
                    Line(filter, inside.Copy(), ShellFlow.Unknown);
                }

                break;
            case "bisect" when Has("run"):
                rest = [.. rest.SkipWhile(word => word != "run").Skip(1)];
                return rest.Count > 0 ? Run(rest, inside, input) : ShellFlow.Unknown;
            case "config":
                if (Has("--global", "--system") && rest.Count(word => !word.StartsWith('-') && word != "set") > 1)
                {
                    AddPath(EffectKind.Writes, Has("--system") ? "/etc/gitconfig" : "~/.gitconfig", inside);
                }

                var file = rest.FindIndex(word => word is "-f" or "--file");
                var pair = rest.Where((word, number) => !word.StartsWith('-') && (file < 0 || number != file + 1))
                    .Where(word => word is not ("set" or "add" or "get" or "unset")).ToArray();
                if (pair.Length > 1)
                {
                    Setting(pair, inside);
                }

                break;
            case "maintenance" when Has("start"):
                Add(EffectKind.Persists, "git maintenance");
                break;
            case "grep" or "diff" when Has("--no-index"):
                rest.Where(word => !word.StartsWith('-')).ToList().ForEach(word => AddPath(EffectKind.Reads, word, inside));
                break;
            case "grep":
                break;
            default:
                if (!GitVerb().IsMatch(verb))
                {
                    Add(EffectKind.Opaque, $"git {Shown(verb)}");
                }

                LookAtWords(rest, inside);
                break;
        }

        return ShellFlow.Unknown;
    }

    /// <summary>Options of git's verbs that are commands, however they are written.</summary>
    private void GitCommands(string verb, List<string> rest, ShellState state)
    {
        for (var at = 0; at < rest.Count; at++)
        {
            var match = GitCommandOption().Match(rest[at]);
            var takes = match.Success && (match.Groups[1].Value != "-u" || verb == "clone")
                && (match.Groups[1].Value != "-x" || verb is "rebase" or "difftool")
                && (match.Groups[1].Value != "-O" || verb == "grep")
                    && (match.Groups[1].Value is not ("-c" or "--config") || verb == "clone");
            if (!takes)
            {
                continue;
            }

            var value = match.Groups[2].Length > 0 ? match.Groups[2].Value : at + 1 < rest.Count ? rest[at + 1] : "";
            if (match.Groups[1].Value is "-c" or "--config")
            {
                Setting(value.Split('=', 2), state);
            }
            else if (match.Groups[1].Value.StartsWith("--template", StringComparison.Ordinal))
            {
                AddPath(EffectKind.Runs, value, state);
            }
            else if (value.Length > 0)
            {
                Line(value, state.Copy(), ShellFlow.Unknown);
            }
        }
    }

    // Long options may be shortened to what is still theirs alone.
    [GeneratedRegex("^(--(?:upload-p|receive-p|exec|extc|open-f|templ|config$|config=)[a-z-]*|-[uxOc])(?:=?(.*))$")]
    private static partial Regex GitCommandOption();

    [GeneratedRegex(@"^[a-z][a-z0-9+.-]*://|^[\w.-]+@[\w.-]+:|^[\w-]+\.[\w.-]+:")]
    private static partial Regex RemoteAddress();

    // Verbs that work on the repository and its tree alone.
    [GeneratedRegex(
        "^(?:add|am|annotate|apply|bisect|blame|branch|bundle|cat-file|check-[a-z-]+|checkout|checkout-index|cherry|cherry-pick|clean|" +
        "commit|commit-tree|config|count-objects|" +
        "describe|diff-[a-z]+|fast-export|diff|difftool|mergetool|for-each-ref|format-patch|fsck|gc|grep|hash-object|help|init|" +
        "interpret-trailers|log|ls-files|ls-tree|merge|merge-base|merge-file|" +
        "merge-tree|mktag|mktree|mv|name-rev|notes|pack-refs|prune|range-diff|read-tree|rebase|reflog|remote|rerere|reset|restore|" +
        "rev-list|rev-parse|revert|rm|shortlog|show|" +
        "show-branch|show-ref|sparse-checkout|stash|status|stripspace|submodule|switch|symbolic-ref|tag|update-index|update-ref|var|" +
        "verify-[a-z]+|version|whatchanged|worktree|write-tree|maintenance|archive)$")]
    private static partial Regex GitVerb();

    /// <summary>A setting of git that names a command.</summary>
    private void Setting(string[] pair, ShellState state)
    {
        if (pair.Length < 2 || !GitCommandSetting().IsMatch(pair[0]))
        {
            return;
        }

        var isAlias = pair[0].StartsWith("alias.", StringComparison.OrdinalIgnoreCase);
        if (pair[0].EndsWith("path", StringComparison.OrdinalIgnoreCase)
            || pair[0].EndsWith("templatedir", StringComparison.OrdinalIgnoreCase))
        {
            if (pair[1] == "/dev/null")
            {
                return;
            }

            Add(EffectKind.Persists, "hooks of git");
        }
        else if (!isAlias || pair[1].StartsWith('!'))
        {
            Line(pair[1].TrimStart('!'), state.Copy(), ShellFlow.Unknown);
        }
    }

    [GeneratedRegex(
        @"^(?:include(?:if\..*)?\.path|init\.templatedir|alias\..*|core\.(?:pager|editor|sshcommand|fsmonitor|hookspath|askpass|" +
        @"gitproxy|alternateRefsCommand)|pager\..*|diff\.external|diff\..*\.(?:command|textconv)|" +
        @"merge\..*\.driver|filter\..*\.(?:clean|smudge|process)|credential\.(?:.*\.)?helper|gpg\.(?:.*\.)?program|sequence\.editor|" +
        @"difftool\..*\.cmd|" +
        @"mergetool\..*\.cmd|uploadpack\.packobjectshook|protocol\.ext\.allow|remote\..*\.(?:uploadpack|receivepack)|browser\..*\.cmd|" +
        @"man\..*\.cmd)$", RegexOptions.IgnoreCase)]
    private static partial Regex GitCommandSetting();
}

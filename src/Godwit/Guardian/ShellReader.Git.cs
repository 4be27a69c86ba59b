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
        bool Has(params string[] options) => rest.Exists(word => options.Contains(word) || options.Any(option => option.StartsWith("--", StringComparison.Ordinal) && word.StartsWith(option + "=", StringComparison.Ordinal)));
        switch (verb)
        {
            case "clone" or "fetch" or "pull" or "ls-remote" or "archive" when verb != "archive" || Has("--remote"):
                if (!rest.Exists(word => word.StartsWith("./", StringComparison.Ordinal) || word.StartsWith('/') || word.StartsWith("../", StringComparison.Ordinal) || word == "."))
                {
                    Add(EffectKind.Network, HostOf(["git", .. rest]));
                }

                foreach (var transport in rest.Where(word => word.StartsWith("ext::", StringComparison.Ordinal)))
                {
                    Line(transport[5..], inside, ShellFlow.Unknown);
                }

                break;
            case "submodule" when Has("foreach"):
                Line(string.Join(' ', rest.SkipWhile(word => word != "foreach").Skip(1).SkipWhile(word => word.StartsWith('-'))), inside, ShellFlow.Unknown);
                break;
            case "submodule" when Has("add", "update"):
            case "remote" when Has("update"):
            case "lfs" or "svn" or "p4" or "send-email" or "request-pull" or "imap-send":
                Add(EffectKind.Network, HostOf(["git", .. rest]));
                break;
            case "push":
                Add(EffectKind.Network, HostOf(["git", .. rest]));
                Add(EffectKind.Publishes, "git push");
                if (Has("-f", "--force", "--force-with-lease", "--mirror", "--delete", "-d", "--prune") || rest.Exists(word => word.StartsWith('+') || word.StartsWith(':')))
                {
                    Add(EffectKind.RewritesHistory, "git push by force");
                }

                break;
            case "filter-branch" or "filter-repo" or "replace":
            case "reflog" when Has("expire", "delete"):
            case "update-ref" when Has("-d"):
            case "gc" when Has("--prune"):
                Add(EffectKind.RewritesHistory, $"git {verb}");
                foreach (var filter in rest.Where((word, number) => number > 0 && rest[number - 1].EndsWith("-filter", StringComparison.Ordinal)))
                {
                    Line(filter, inside.Copy(), ShellFlow.Unknown);
                }

                break;
            case "bisect" when Has("run"):
                rest = [.. rest.SkipWhile(word => word != "run").Skip(1)];
                return rest.Count > 0 ? Run(rest, inside, input) : ShellFlow.Unknown;
            case "rebase" or "difftool" or "mergetool" or "grep" or "diff":
                for (var number = 0; number + 1 < rest.Count; number++)
                {
                    if (rest[number] is "--exec" or "--extcmd" or "--open-files-in-pager" || (rest[number] is "-x" && verb is "rebase" or "difftool"))
                    {
                        Line(rest[number + 1], inside.Copy(), ShellFlow.Unknown);
                    }
                }

                LookAtWords(rest.Where(word => verb != "grep"), inside);
                break;
            case "config":
                if (Has("--global", "--system"))
                {
                    AddPath(EffectKind.Writes, Has("--system") ? "/etc/gitconfig" : "~/.gitconfig", inside);
                }

                var pair = rest.Where(word => !word.StartsWith('-')).ToArray();
                if (pair.Length > 1)
                {
                    Setting(pair, inside);
                }

                break;
            default:
                LookAtWords(rest, inside);
                break;
        }

        return ShellFlow.Unknown;
    }

    /// <summary>A setting of git that names a command.</summary>
    private void Setting(string[] pair, ShellState state)
    {
        if (pair.Length < 2 || !GitCommandSetting().IsMatch(pair[0]))
        {
            return;
        }

        var isAlias = pair[0].StartsWith("alias.", StringComparison.OrdinalIgnoreCase);
        if (pair[0].EndsWith("hooksPath", StringComparison.OrdinalIgnoreCase))
        {
            Add(EffectKind.Persists, "hooks of git");
        }
        else if (!isAlias || pair[1].StartsWith('!'))
        {
            Line(pair[1].TrimStart('!'), state.Copy(), ShellFlow.Unknown);
        }
    }

    [GeneratedRegex(
        @"^(?:alias\..*|core\.(?:pager|editor|sshcommand|fsmonitor|hookspath|askpass|gitproxy|alternateRefsCommand)|pager\..*|diff\.external|diff\..*\.(?:command|textconv)|" +
        @"merge\..*\.driver|filter\..*\.(?:clean|smudge|process)|credential\.(?:.*\.)?helper|gpg\.(?:.*\.)?program|sequence\.editor|difftool\..*\.cmd|" +
        @"mergetool\..*\.cmd|uploadpack\.packobjectshook|protocol\.ext\.allow|remote\..*\.(?:uploadpack|receivepack)|browser\..*\.cmd|man\..*\.cmd)$", RegexOptions.IgnoreCase)]
    private static partial Regex GitCommandSetting();
}

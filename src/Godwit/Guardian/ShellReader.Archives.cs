using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary><c>tar</c>, <c>cpio</c>, <c>dd</c>, <c>ln</c> and <c>make</c>.</summary>
internal sealed partial class ShellReader
{
    private ShellFlow Dd(List<string> words, ShellState state, ShellFlow input)
    {
        var flow = input;
        foreach (var word in words.Skip(1))
        {
            if (word.StartsWith("if=", StringComparison.Ordinal))
            {
                flow = OpenFile(word[3..], state);
            }
        }

        foreach (var word in words.Skip(1).Where(word => word.StartsWith("of=", StringComparison.Ordinal)))
        {
            SaveFile(word[3..], flow, state, appends: false);
        }

        return flow;
    }

    private ShellFlow Tar(List<string> words, ShellState state, ShellFlow input)
    {
        var bundle = words.Count > 1 ? words[1].TrimStart('-') : "";
        var creates = words.Skip(1).Any(word => word is "--create" or "--append" or "--update")
            || (!bundle.StartsWith('-') && bundle.AsSpan().IndexOfAny("cru") >= 0 && !bundle.Contains('x', StringComparison.Ordinal));
        var lists = !creates && (words.Contains("--list") || (bundle.Contains('t', StringComparison.Ordinal)
            && !bundle.Contains('x', StringComparison.Ordinal)));
        var (folder, file) = (state.Folder, (string?)null);
        for (var at = 1; at < words.Count; at++)
        {
            var word = words[at];
            var value = word.Contains('=', StringComparison.Ordinal) ? word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..]
                : at + 1 < words.Count ? words[at + 1] : "";
            if (TarRuns(word))
            {
                // An option may be shortened, and its value follow at once.
                Line(word.StartsWith("-I", StringComparison.Ordinal) && word.Length > 2 ? word[2..]
                    : value[(value.LastIndexOf("exec=", StringComparison.Ordinal) is >= 0 and var exec ? exec + 5 : 0)..],
                    state.Copy(), ShellFlow.Unknown);
                at += word.Contains('=', StringComparison.Ordinal) || word.Length > 2 && word[1] != '-' ? 0 : 1;
            }
            else if (word.StartsWith("-C", StringComparison.Ordinal) && word.Length > 2)
            {
                folder = Resolve(word[2..], state);
            }
            else if (word is "-T" or "-X" || word.StartsWith("--files-from", StringComparison.Ordinal)
                || word.StartsWith("--one-top-level=", StringComparison.Ordinal))
            {
                AddPath(word.StartsWith("--one", StringComparison.Ordinal) ? EffectKind.Writes : EffectKind.Reads, value, state);
                at += word.Contains('=', StringComparison.Ordinal) ? 0 : 1;
            }
            else if (word is "-C" or "--directory" || word.StartsWith("--directory=", StringComparison.Ordinal))
            {
                folder = Resolve(value, state);
                at += word.Contains('=', StringComparison.Ordinal) ? 0 : 1;
            }
            else if (word is "-f" or "--file" || word.StartsWith("--file=", StringComparison.Ordinal)
                || (file is null && (at == 1 || word.StartsWith('-')) && !word.StartsWith("--", StringComparison.Ordinal)
                    && word.EndsWith('f')))
            {
                file = value;
                at += word.Contains('=', StringComparison.Ordinal) ? 0 : 1;
            }
            else if (word.StartsWith('-') || at == 1)
            {
                continue;
            }
            else if (creates)
            {
                var inside = state.Copy();
                inside.Folder = folder;
                AddPath(EffectKind.Reads, word, inside);
                if (PathPlaces.HoldsSecrets(Resolve(word, inside)))
                {
                    Add(new ActionEffect(EffectKind.Reads, PathPlace.Secret, Resolve(word, inside) + "/*"));
                }
            }
        }

        if (file is not null and not "-")
        {
            if (HostOf(file) is { Length: > 0 } host && file.Contains('@', StringComparison.Ordinal))
            {
                Add(EffectKind.Network, host);
            }
            else
            {
                AddPath(creates ? EffectKind.Writes : EffectKind.Reads, file, state);
            }
        }

        if (!creates && !lists && words[0] is "tar" or "bsdtar")
        {
            AddPath(EffectKind.Writes, folder, state);
            if (input.IsUnseen)
            {
                state.Files[folder.TrimEnd('/') + "/"] = new ShellFlow([GapText], input.Origin);
            }
        }

        return input.Changed;
    }

    private static bool TarRuns(string word)
    {
        var name = word.Split('=')[0];
        return word is "-F" or "-I" || (word.StartsWith("-I", StringComparison.Ordinal) && word.Length > 2)
            || (name.Length > 5 && Array.Exists(
                (string[])["--to-command", "--use-compress-program", "--checkpoint-action", "--info-script", "--new-volume-script",
                    "--rsh-command", "--rmt-command"],
                option => option.StartsWith(name, StringComparison.Ordinal)) && name is not "--checkpoint");
    }

    private ShellFlow Cpio(List<string> words, ShellState state, ShellFlow input)
    {
        var writes = words[0] == "cpio" ? words.Exists(word => CpioCopies().IsMatch(word))
            : words.Exists(word => word.StartsWith("-rw", StringComparison.Ordinal));
        if (writes)
        {
            // What it reads are the names that come in; the folder it copies to stands last.
            input.Texts.Where(LooksLikePath).ToList().ForEach(path => AddPath(EffectKind.Reads, path, state));
        }

        for (var at = 1; at < words.Count; at++)
        {
            var value = at + 1 < words.Count ? words[at + 1] : "";
            if (words[at] is "-D" or "--directory" or "-F" or "-O" or "-I" or "-f")
            {
                AddPath(words[at] == "-I" ? EffectKind.Reads : EffectKind.Writes, value, state);
                at++;
            }
            else if (!words[at].StartsWith('-'))
            {
                AddPath(writes ? EffectKind.Writes : EffectKind.Reads, words[at], state);
            }
        }

        return input.Changed;
    }

    [GeneratedRegex("^-[a-zA-Z0-9]*p|^--pass-through")]
    private static partial Regex CpioCopies();

    private ShellFlow Link(List<string> words, ShellState state, ShellFlow input)
    {
        RunProgram("ln", words, state, input);
        List<string> operands = [.. words.Skip(1).Where(word => !word.StartsWith('-'))];
        var (target, name) = (operands[0], operands.Count > 1 ? operands[^1] : operands[0][(operands[0].LastIndexOf('/') + 1)..]);
        var (link, leads) = (Resolve(name, state), Resolve(target, state));
        if (link != leads)
        {
            state.Links[link] = leads;
        }

        return ShellFlow.Empty;
    }

    private ShellFlow Make(List<string> words, ShellState state, ShellFlow input)
    {
        for (var at = 1; at < words.Count; at++)
        {
            var (name, value) = words[at].Length > 2 && words[at][0] == '-' && words[at][1] != '-' ? (words[at][..2], words[at][2..])
                : words[at].IndexOf('=', StringComparison.Ordinal) is > 0 and var equals ? (words[at][..equals], words[at][(equals + 1)..])
                : (words[at], at + 1 < words.Count ? words[at + 1] : "");
            switch (name)
            {
                case "-f" or "--file" or "--makefile":
                    var path = Resolve(value, state);
                    if (value == "-" || (state.Files.ContainsKey(path) && !path.StartsWith(PathPlaces.Tree, StringComparison.Ordinal)))
                    {
                        Add(EffectKind.Opaque, "rules that make reads");
                    }
                    else
                    {
                        AddPath(EffectKind.Runs, value, state);
                    }

                    break;
                case "-C" or "--directory":
                    AddPath(EffectKind.Runs, value, state);
                    break;
                case "-E" or "--eval" or "SHELL" or ".SHELLFLAGS":
                    Add(EffectKind.Opaque, $"{name} of make");
                    break;
                case "install" when !words.Exists(word => word.StartsWith("DESTDIR=", StringComparison.Ordinal)
                    || word.StartsWith("PREFIX=", StringComparison.OrdinalIgnoreCase)):
                    Add(EffectKind.Administers, "make install");
                    break;
                case "DESTDIR" or "PREFIX" or "prefix":
                    AddPath(EffectKind.Writes, value, state);
                    break;
            }
        }

        return input.Changed;
    }

    private static bool LooksLikePath(string word) => word.StartsWith('/') || word.StartsWith('~')
        || word.Contains("../", StringComparison.Ordinal) || word == "..";
}

namespace Godwit.Guardian;

/// <summary><c>tar</c> and <c>dd</c>.</summary>
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
        var creates = words.Skip(1).Any(word => word is "--create" or "--append" or "--update") || (!bundle.StartsWith('-') && bundle.AsSpan().IndexOfAny("cru") >= 0 && !bundle.Contains('x', StringComparison.Ordinal));
        var lists = !creates && (words.Contains("--list") || (bundle.Contains('t', StringComparison.Ordinal) && !bundle.Contains('x', StringComparison.Ordinal)));
        var (folder, file) = (state.Folder, (string?)null);
        for (var at = 1; at < words.Count; at++)
        {
            var word = words[at];
            var value = word.Contains('=', StringComparison.Ordinal) ? word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..] : at + 1 < words.Count ? words[at + 1] : "";
            if (word.StartsWith("--to-command", StringComparison.Ordinal) || word.StartsWith("--use-compress-program", StringComparison.Ordinal) || word is "-I")
            {
                Line(value, state.Copy(), ShellFlow.Unknown);
                at += word.Contains('=', StringComparison.Ordinal) ? 0 : 1;
            }
            else if (word.StartsWith("--checkpoint-action", StringComparison.Ordinal))
            {
                var action = value[(value.IndexOf('=', StringComparison.Ordinal) + 1)..];
                Line(action, state.Copy(), ShellFlow.Unknown);
            }
            else if (word is "-C" or "--directory" || word.StartsWith("--directory=", StringComparison.Ordinal))
            {
                folder = Resolve(value, state);
                at += word.Contains('=', StringComparison.Ordinal) ? 0 : 1;
            }
            else if (word is "-f" or "--file" || word.StartsWith("--file=", StringComparison.Ordinal)
                || (file is null && (at == 1 || word.StartsWith('-')) && !word.StartsWith("--", StringComparison.Ordinal) && word.EndsWith('f')))
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
            if (HostOf(["tar", file]) is { Length: > 0 } host && file.Contains('@', StringComparison.Ordinal))
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
}

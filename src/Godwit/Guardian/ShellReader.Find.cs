using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary><c>find</c>, <c>xargs</c> and <c>parallel</c>: commands over files that were found.</summary>
internal sealed partial class ShellReader
{
    private ShellFlow Find(List<string> words, ShellState state, ShellFlow input)
    {
        var at = 1;
        var roots = new List<string>();
        for (; at < words.Count && !(words[at].StartsWith('-') && words[at].Length > 1)
            && words[at] is not ("(" or "!" or "," or "\\("); at++)
        {
            roots.Add(words[at]);
        }

        if (roots.Count == 0)
        {
            roots.Add(".");
        }

        roots.ForEach(root => AddPath(EffectKind.Lists, root, state));
        var names = new List<string>();
        for (var next = at; next + 1 < words.Count; next++)
        {
            if (words[next] is "-name" or "-iname" or "-path" or "-wholename" or "-ipath")
            {
                names.Add(words[next + 1]);
            }
        }

        if (words.IndexOf("-maxdepth") is > 0 and var depth && depth + 1 < words.Count && words[depth + 1] is "0" or "1"
            && names.Count == 0)
        {
            // Nothing of the folders below.
            names.Add("file");
        }

        // The names say what is looked for: …/.ssh/id_rsa. Those that end in a wildcard say little.
        var found = ShellFlow.Capped(roots.SelectMany(root => names.DefaultIfEmpty("").Select(name =>
            $"{root.TrimEnd('/')}/*{(name.Length > 0 ? "/" + name.TrimStart('/') : "")}")));
        foreach (var path in found.Where(path => PathPlaces.Of(Resolve(path, state), EffectKind.Lists) == PathPlace.Secret
            && PathPlaces.Of(Resolve(roots[0], state), EffectKind.Lists) != PathPlace.Tree))
        {
            AddPath(EffectKind.Lists, path, state);
        }

        for (; at < words.Count; at++)
        {
            switch (words[at])
            {
                case "-perm" when at + 1 < words.Count && SetIdPattern().IsMatch(words[at + 1])
                    && roots.Exists(root => PathPlaces.Of(Resolve(root, state), EffectKind.Lists) != PathPlace.Tree):
                    Add(EffectKind.Scouts, "files that run with their owner's rights");
                    break;
                case "-delete":
                    roots.ForEach(root => AddPath(EffectKind.Deletes, $"{root.TrimEnd('/')}/*", state));
                    break;
                case "-fprint" or "-fprint0" or "-fls" or "-fprintf" when at + 1 < words.Count:
                    AddPath(EffectKind.Writes, words[++at], state);
                    break;
                case "-exec" or "-execdir" or "-ok" or "-okdir":
                    var end = words.FindIndex(at, word => word is ";" or "+");
                    end = end < 0 ? words.Count : end;
                    var command = words[(at + 1)..end];
                    foreach (var path in command.Count > 0 ? found : [])
                    {
                        Run([.. command.Select(word => word.Replace("{}", path, StringComparison.Ordinal))], state.Copy(), ShellFlow.Empty);
                    }

                    at = end;
                    break;
            }
        }

        return new ShellFlow(found, FlowOrigin.Paths);
    }

    [GeneratedRegex(@"^[-/+]?(?:0*[2-7][0-7]{3}|[ugoa]*[-+=][rwxX]*s.*)$")]
    private static partial Regex SetIdPattern();

    private ShellFlow Xargs(List<string> words, ShellState state, ShellFlow input)
    {
        const string valued = "-n -P -L -s -d -a -E --max-args --max-procs --max-lines --delimiter -j --jobs --arg-file";
        var (at, place) = (1, (string?)null);
        for (; at < words.Count && words[at].StartsWith('-'); at++)
        {
            if (words[at].StartsWith("-I", StringComparison.Ordinal) || words[at].StartsWith("-i", StringComparison.Ordinal)
                || words[at].StartsWith("--replace", StringComparison.Ordinal))
            {
                place = words[at] == "-I" && at + 1 < words.Count ? words[++at] : words[at].Length > 2 && words[at][1] != '-'
                    ? words[at][2..]
                    : words[at].Contains('=', StringComparison.Ordinal)
                        ? words[at][(words[at].IndexOf('=', StringComparison.Ordinal) + 1)..] : "{}";
            }
            else if (words[at] is "-a" or "--arg-file" && at + 1 < words.Count)
            {
                input = OpenFile(words[++at], state);
            }
            else if (valued.Split(' ').Contains(words[at]) || (words[at].Length > 2 && words[at][1] != '-'
                && valued.Split(' ').Contains($"-{words[at][^1]}")))
            {
                // -0n 1: the last letter takes the next word.
                at++;
            }
            else if (words[at].Length > 2 && words[at][1] != '-' && words[at][^1] == 'I' && at + 1 < words.Count)
            {
                place = words[++at];
            }
        }

        if (words[0] == "parallel")
        {
            return Parallel([.. words.Skip(at)], state, input);
        }

        var command = words.Skip(at).ToList();
        if (command.Count == 0)
        {
            return input;
        }

        var texts = (input.Origin & FlowOrigin.Paths) != 0 ? input.Texts
            : ShellFlow.Capped(input.Texts.SelectMany(text =>
                text.Split(['\n', ' ', '\0'], StringSplitOptions.RemoveEmptyEntries).DefaultIfEmpty(GapText)));
        var mark = input.IsUnseen ? UnseenText : "";
        ShellFlow? output = null;
        foreach (var text in texts)
        {
            var given1 = mark + text;
            var isReplaced = place is not null && command.Exists(word => word.Contains(place, StringComparison.Ordinal));
            var printed = Run(
                isReplaced ? [.. command.Select(word => word.Replace(place!, given1, StringComparison.Ordinal))]
                    : [.. command, given1], state.Copy(), ShellFlow.Empty);
            output = output is null ? printed : output.Or(printed);
        }

        return output ?? ShellFlow.Unknown;
    }

    /// <summary><c>parallel</c> hands a line to a shell for each word that it is given, or for each line that comes in.</summary>
    private ShellFlow Parallel(List<string> words, ShellState state, ShellFlow input)
    {
        var command = string.Join(' ', words.TakeWhile(word => word is not (":::" or "::::")));
        var given = words.SkipWhile(word => word is not (":::" or "::::")).Skip(1).ToList();
        var texts = given.Count > 0 ? ShellFlow.Capped(given) : (input.Origin & FlowOrigin.Paths) != 0 ? input.Texts : [GapText];
        if (command.Length == 0 && given.Count == 0)
        {
            return RunText(input, state, "parallel", interpreter: null);
        }

        ShellFlow? output = null;
        foreach (var text in texts)
        {
            // What can't be told of a word stays a word: parallel quotes it.
            var word = command.Length == 0 ? text : text.Replace(GapText, "*", StringComparison.Ordinal);
            var line = command.Contains("{}", StringComparison.Ordinal) ? command.Replace("{}", word, StringComparison.Ordinal)
                : $"{command} {word}".Trim();
            var printed = Line(line, state.Copy(), ShellFlow.Empty);
            output = output is null ? printed : output.Or(printed);
        }

        return output ?? ShellFlow.Unknown;
    }
}

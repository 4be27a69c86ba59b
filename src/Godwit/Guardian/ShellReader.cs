using System.Text.Json;
using System.Text.RegularExpressions;

namespace Godwit.Guardian;

/// <summary>
/// Reads what a shell line would do, without running it: variables, functions, substitutions, pipes, files that the line itself
/// writes, and lines inside of lines are followed as far as the text tells. What it doesn't tell is an effect of its own.
/// </summary>
/// <param name="programs">What programs do with their words.</param>
/// <param name="parser">Reads the lines.</param>
internal sealed partial class ShellReader(ProgramTable programs, ShellParser parser)
{
    /// <summary>What stands for a line that isn't one, or that wasn't read in time.</summary>
    public const string Unread = "not a line that a shell reads";

    private const int DeepestLine = 12;
    private const int MostCommands = 2000;
    private const int MostFields = 64;
    private const char Split = '\uFFFE';
    private const char Gap = PathPlaces.Gap;
    private static readonly string GapText = Gap.ToString();

    // Stands before a text that was decoded or downloaded.
    private const char Unseen = '\uFDD0';
    private static readonly string UnseenText = Unseen.ToString();

    private readonly List<ActionEffect> _effects = [];
    private readonly HashSet<ActionEffect> _seen = [];
    private readonly List<string> _calling = [];
    private readonly List<(string Line, ShellState State)> _traps = [];
    private int _commands;
    private int _depth;
    private int _pipes;

    /// <summary>What a line does, in the order in which it does it.</summary>
    public static IReadOnlyList<ActionEffect> Read(string line, ProgramTable programs, ShellParser parser)
    {
        var reader = new ShellReader(programs, parser);
        if (line.IndexOfAny([Gap, Split, Unseen, '\0']) >= 0)
        {
            reader.Add(EffectKind.Opaque, "characters that no text has");
        }
        else
        {
            reader.Line(line, new ShellState(), ShellFlow.Empty);
            for (var number = 0; number < reader._traps.Count && number < MostFields; number++)
            {
                reader.Line(reader._traps[number].Line, reader._traps[number].State, ShellFlow.Empty);
            }
        }

        return reader._effects;
    }

    private ShellFlow Line(string line, ShellState state, ShellFlow input)
    {
        if (line.Contains(Unseen, StringComparison.Ordinal))
        {
            Add(EffectKind.RunsUnseen, "");
            line = line.Replace(UnseenText, "", StringComparison.Ordinal);
        }

        if (line.Contains(Gap, StringComparison.Ordinal))
        {
            Add(EffectKind.Opaque, "a shell line that is made while it runs");
            line = line.Replace(GapText, "$GODWIT_UNKNOWN", StringComparison.Ordinal);
        }

        if (_depth > DeepestLine)
        {
            Add(EffectKind.Opaque, "lines within lines");
            return ShellFlow.Unknown;
        }

        if (parser.Parse(line) is not { } script)
        {
            Add(EffectKind.Opaque, parser.Version is null ? "not one command of plain words, and shfmt isn't installed"
                : Unread);
            return ShellFlow.Unknown;
        }

        _depth++;
        var output = Statements(script.Tree, "Stmts", script, state, input);
        _depth--;
        return output;
    }

    private ShellFlow Statements(JsonElement parent, string name, ShellScript script, ShellState state, ShellFlow input)
    {
        ShellFlow? output = null;
        foreach (var statement in Children(parent, name))
        {
            var printed = Statement(statement, script, state, input);
            output = output is null ? printed : output.Then(printed);
        }

        return output ?? ShellFlow.Empty;
    }

    private ShellFlow Statement(JsonElement statement, ShellScript script, ShellState state, ShellFlow input)
    {
        List<(string Target, bool Appends)> files = [];
        var silent = false;
        foreach (var redirect in Children(statement, "Redirs"))
        {
            var way = script.Operator(redirect);
            var words = Fields(redirect.GetProperty("Word"), script, state);
            var target = string.Join(' ', words);
            switch (way)
            {
                case "<<" or "<<-":
                    input = redirect.TryGetProperty("Hdoc", out var document)
                        ? new ShellFlow(Texts(document, script, state, quoted: true)) : ShellFlow.Empty;
                    break;
                case "<<<":
                    input = new ShellFlow(ShellFlow.Capped(Texts(redirect.GetProperty("Word"), script, state, quoted: true)
                        .Select(text => text + "\n")));
                    break;
                case "<" or "<>":
                    input = OpenFile(target, state);
                    break;
                case ">&" or "<&" or ">&-" or "<&-" when target.Length == 0
                    || target.All(letter => char.IsAsciiDigit(letter) || letter == '-'):
                    break;
                default:
                    files.Add((target, way.StartsWith(">>", StringComparison.Ordinal) || way == "&>>"));
                    silent |= !redirect.TryGetProperty("N", out var number) || number.ValueKind == JsonValueKind.Null
                        || number.GetProperty("Value").GetString() == "1";
                    break;
            }
        }

        // What runs beside the rest is like a pipe: a function that calls itself there multiplies.
        var isBeside = statement.TryGetProperty("Background", out var background) && background.GetBoolean();
        _pipes += isBeside ? 1 : 0;
        var output = statement.TryGetProperty("Cmd", out var command) && command.ValueKind == JsonValueKind.Object
            ? Command(command, script, state, input)
            : input == ShellFlow.Empty ? ShellFlow.Empty : input;
        _pipes -= isBeside ? 1 : 0;
        foreach (var (target, appends) in files)
        {
            SaveFile(target, output, state, appends);
        }

        return silent ? ShellFlow.Empty : output;
    }

    private ShellFlow Command(JsonElement command, ShellScript script, ShellState state, ShellFlow input)
    {
        if (++_commands > MostCommands)
        {
            Add(EffectKind.Opaque, "a line of too many commands");
            return ShellFlow.Unknown;
        }

        switch (command.GetProperty("Type").GetString())
        {
            case "CallExpr":
                return Call(command, script, state, input);
            case "BinaryCmd":
                return Binary(command, script, state, input);
            case "Block":
                return Statements(command, "Stmts", script, state, input);
            case "Subshell":
                return Statements(command, "Stmts", script, state.Copy(), input);
            case "IfClause":
                return If(command, script, state, input);
            case "WhileClause":
                Statements(command, "Cond", script, state, input);
                return Maybe(state, () => Statements(command, "Do", script, state, input));
            case "ForClause":
                return For(command, script, state, input);
            case "CaseClause":
                Substitutions(command.GetProperty("Word"), script, state);
                return Children(command, "Items")
                    .Select(item => Maybe(state, () => Statements(item, "Stmts", script, state, input)))
                    .Aggregate(ShellFlow.Empty, (all, one) => all.Or(one));
            case "FuncDecl":
                state.Functions[command.GetProperty("Name").GetProperty("Value").GetString()!] = (command.GetProperty("Body"), script);
                return ShellFlow.Empty;
            case "DeclClause":
                foreach (var assign in Children(command, "Args"))
                {
                    Assign(assign, script, state);
                }

                return ShellFlow.Empty;
            case "TimeClause" or "CoprocClause":
                return command.TryGetProperty("Stmt", out var inner) && inner.ValueKind == JsonValueKind.Object
                    ? Statement(inner, script, state, input) : ShellFlow.Empty;
            default:
                // Tests and arithmetic touch nothing but by what is substituted in them.
                Substitutions(command, script, state);
                return ShellFlow.Empty;
        }
    }

    private ShellFlow Binary(JsonElement command, ShellScript script, ShellState state, ShellFlow input)
    {
        var (left, right) = (command.GetProperty("X"), command.GetProperty("Y"));
        switch (script.Operator(command))
        {
            case "|" or "|&":
                _pipes++;
                var piped = Statement(left, script, state.Copy(), input);
                var printed = Statement(right, script, state.Copy(), piped);
                _pipes--;
                return printed;
            default:
                var first = Statement(left, script, state, input);
                var second = Maybe(state, () => Statement(right, script, state, input));
                return script.Operator(command) == "||" ? first.Or(second) : first.Then(second);
        }
    }

    private ShellFlow If(JsonElement clause, ShellScript script, ShellState state, ShellFlow input)
    {
        Statements(clause, "Cond", script, state, input);
        var output = Maybe(state, () => Statements(clause, "Then", script, state, input));
        return clause.TryGetProperty("Else", out var other) && other.ValueKind == JsonValueKind.Object
            ? output.Or(If(other, script, state, input))
            : output;
    }

    private ShellFlow For(JsonElement clause, ShellScript script, ShellState state, ShellFlow input)
    {
        var loop = clause.GetProperty("Loop");
        if (loop.TryGetProperty("Name", out var name))
        {
            var items = Children(loop, "Items").SelectMany(item => AllFields(item, script, state)).ToList();
            state.Variables[name.GetProperty("Value").GetString()!] =
                items.Count > 0 ? ShellFlow.Capped(items) : loop.TryGetProperty("Items", out _) ? [] : state.Arguments;
        }
        else
        {
            Substitutions(loop, script, state);
        }

        return Maybe(state, () => Statements(clause, "Do", script, state, input));
    }

    /// <summary>What may be done or not: what it assigns is one possibility more.</summary>
    private static ShellFlow Maybe(ShellState state, Func<ShellFlow> body)
    {
        state.Conditional++;
        var output = body();
        state.Conditional--;
        return output;
    }

    private ShellFlow Call(JsonElement call, ShellScript script, ShellState state, ShellFlow input)
    {
        var assigns = Children(call, "Assigns").ToList();
        var arguments = Children(call, "Args").ToList();
        if (arguments.Count == 0)
        {
            assigns.ForEach(assign => Assign(assign, script, state));
            return ShellFlow.Empty;
        }

        var own = state;
        if (assigns.Count > 0)
        {
            own = state.Copy(keepsFolder: true);
            assigns.ForEach(assign => Assign(assign, script, own));
        }

        // Each possibility of each word is seen at least once; not each combination of them.
        var words = arguments.ConvertAll(argument => Alternatives(argument, script, own));
        var most = words.Max(word => word.Count);
        ShellFlow? output = null;
        for (var number = 0; number < most; number++)
        {
            List<string> fields = [.. words.SelectMany(word => word[number % word.Count])];
            var printed = fields.Count == 0 ? ShellFlow.Empty : Run(fields, own, input);
            output = output is null ? printed : output.Or(printed);
        }

        if (own != state)
        {
            state.Folder = own.Folder;
        }

        return output ?? ShellFlow.Empty;
    }

    private void Assign(JsonElement assign, ShellScript script, ShellState state)
    {
        if (!assign.TryGetProperty("Name", out var named) || named.ValueKind != JsonValueKind.Object)
        {
            // "declare $x": what is declared is made while it runs.
            Substitutions(assign, script, state);
            return;
        }

        var name = named.GetProperty("Value").GetString()!;
        IReadOnlyList<string> values;
        if (assign.TryGetProperty("Value", out var value) && value.ValueKind == JsonValueKind.Object)
        {
            values = Texts(value, script, state, quoted: true);
        }
        else if (assign.TryGetProperty("Array", out var array) && array.ValueKind == JsonValueKind.Object)
        {
            values = ShellFlow.Capped(Children(array, "Elems")
                .Where(element => element.TryGetProperty("Value", out var of) && of.ValueKind == JsonValueKind.Object)
                .SelectMany(element => AllFields(element.GetProperty("Value"), script, state)));
        }
        else
        {
            Injection(name, state.Variables.GetValueOrDefault(name) ?? [""]);
            return;
        }

        if (assign.TryGetProperty("Append", out var appends) && appends.GetBoolean())
        {
            var before = state.Variables.GetValueOrDefault(name) ?? [""];
            values = ShellFlow.Capped(before.SelectMany(first => values.Select(next => first + next)));
        }

        state.Assign(name, values);
        Injection(name, values);
    }

    /// <summary>The variables by which a program is made to run something else.</summary>
    private void Injection(string name, IReadOnlyList<string> values)
    {
        if (HistoryVariable().IsMatch(name))
        {
            Add(EffectKind.HidesTraces, name);
            return;
        }

        foreach (var value in values.Where(value => value.Length > 0))
        {
            if (LoaderVariable().IsMatch(name) || (OptionVariable().IsMatch(name) && LoadingOption().IsMatch(value))
                || (name.StartsWith("GIT_", StringComparison.Ordinal) && !HarmlessGitVariable().IsMatch(name)
                    && !CommandVariable().IsMatch(name)))
            {
                Add(EffectKind.Injects, name);
            }
            else if (CommandVariable().IsMatch(name))
            {
                Line(value.TrimStart('|'), new ShellState(), ShellFlow.Empty);
            }
            else if (SearchVariable().IsMatch(name)
                && value.Split(':').Any(folder => PathPlaces.Of(PathPlaces.Resolve(folder, PathPlaces.Tree),
                    EffectKind.Runs) is PathPlace.Outside or PathPlace.Home
                    || folder.StartsWith("/tmp", StringComparison.Ordinal)))
            {
                Add(EffectKind.Injects, name);
            }
        }
    }

    [GeneratedRegex("^HIST(?:FILE|SIZE|FILESIZE|CONTROL|IGNORE|CMD)$")]
    private static partial Regex HistoryVariable();

    // Whatever they name is run, or loaded into what is run.
    [GeneratedRegex("^(?:LD_(?:PRELOAD|AUDIT)|DYLD_INSERT_LIBRARIES|BASH_ENV|ENV|PYTHONSTARTUP|PERL5(?:OPT|DB)|RUBYOPT|GCONV_PATH|" +
        "PS[04]|BASH_FUNC_.*|_JAVA_OPTIONS)$")]
    private static partial Regex LoaderVariable();

    // Options of other programs: only some load code.
    [GeneratedRegex("^(?:NODE_OPTIONS|JAVA_TOOL_OPTIONS|MAVEN_OPTS|GRADLE_OPTS|GOFLAGS|MAKEFLAGS|RUSTFLAGS|npm_config_.*)$")]
    private static partial Regex OptionVariable();

    [GeneratedRegex("--(?:require|import|loader|experimental-loader|eval)|-r\\s|-javaagent|-agent(?:lib|path)|-toolexec|-exec|linker|" +
        "script.shell", RegexOptions.IgnoreCase)]
    private static partial Regex LoadingOption();

    // Their values are commands.
    [GeneratedRegex("^(?:PROMPT_COMMAND|GIT_(?:SSH|SSH_COMMAND|EXTERNAL_DIFF|PAGER|EDITOR|SEQUENCE_EDITOR|ASKPASS|PROXY_COMMAND)|" +
        "(?:MAN)?PAGER|EDITOR|VISUAL|BROWSER|LESS(?:OPEN|CLOSE)|" +
        "SSH_ASKPASS|RUSTC(?:_WORKSPACE)?_WRAPPER|RUSTC|CARGO_TARGET_.*_(?:RUNNER|LINKER)|CC|CXX|SHELL)$")]
    private static partial Regex CommandVariable();

    [GeneratedRegex("^GIT_(?:(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)|TERMINAL_PROMPT|OPTIONAL_LOCKS|MERGE_AUTOEDIT|LITERAL_PATHSPECS|" +
        "CONFIG_NOSYSTEM|DISCOVERY_ACROSS_FILESYSTEM|FLUSH)$")]
    private static partial Regex HarmlessGitVariable();

    // Folders in which programs and modules are looked for.
    [GeneratedRegex("^(?:PATH|PYTHONPATH|PERL5LIB|RUBYLIB|NODE_PATH|CLASSPATH|LD_LIBRARY_PATH|GOPATH|LUA_PATH)$")]
    private static partial Regex SearchVariable();

    private static IEnumerable<JsonElement> Children(JsonElement node, string name) =>
        node.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    private void Add(EffectKind kind, string target) => Add(new ActionEffect(kind, PathPlace.None, target));

    private void AddPath(EffectKind kind, string path, ShellState state)
    {
        if (path.StartsWith("/dev/tcp/", StringComparison.Ordinal) || path.StartsWith("/dev/udp/", StringComparison.Ordinal))
        {
            Add(EffectKind.Network, path.Split('/')[3]);
            return;
        }

        var resolved = Resolve(path, state);
        Add(new ActionEffect(kind, PathPlaces.Of(resolved, kind), resolved));
        if (kind == EffectKind.Reads && resolved is "/etc/passwd" or "/etc/group" or "/etc/passwd-" or "/etc/login.defs")
        {
            Add(EffectKind.Scouts, "the machine's accounts");
        }
    }

    private void Add(ActionEffect effect)
    {
        var shown = effect with { Target = effect.Target.Replace(UnseenText, "", StringComparison.Ordinal).Replace(Gap, '…')
            .Replace(Split, ' ') };
        if (_seen.Add(shown))
        {
            _effects.Add(shown);
        }
    }

    private ShellFlow OpenFile(string path, ShellState state)
    {
        if (path.Length == 0)
        {
            return ShellFlow.Unknown;
        }

        AddPath(EffectKind.Reads, path, state);
        return state.Held(Resolve(path, state));
    }

    private void SaveFile(string path, ShellFlow flow, ShellState state, bool appends)
    {
        if (path.Length == 0)
        {
            return;
        }

        AddPath(EffectKind.Writes, path, state);
        var resolved = Resolve(path, state);
        state.Files[resolved] = appends && state.Files.TryGetValue(resolved, out var before) ? before.Then(flow) : flow;
    }

    /// <summary>Where a path leads, through the links that the line itself has made.</summary>
    private static string Resolve(string path, ShellState state)
    {
        var resolved = PathPlaces.Resolve(path.Replace(UnseenText, "", StringComparison.Ordinal), state.Folder);
        for (var times = 0; times < DeepestLine && state.Links.Count > 0; times++)
        {
            var link = state.Links.FirstOrDefault(pair => resolved == pair.Key
                || resolved.StartsWith(pair.Key + "/", StringComparison.Ordinal));
            if (link.Key is null)
            {
                break;
            }

            resolved = PathPlaces.Resolve($"{link.Value}/{resolved[link.Key.Length..]}", PathPlaces.Tree);
        }

        return resolved;
    }
}

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Godwit.Cli;

/// <summary>The usual help with an example of each command at its end.</summary>
internal sealed class Help : SynchronousCommandLineAction
{
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["godwit"] = "godwit run examples/sqlite-settings",
        ["run"] = "godwit run examples/sqlite-settings --time 1m",
        ["resume"] = "godwit resume last",
        ["list"] = "godwit list --json",
        ["show"] = "godwit show last --trial 1",
        ["attach"] = "godwit attach last",
        ["stop"] = "godwit stop last",
        ["resolve"] = "godwit resolve last --retry",
        ["report"] = "godwit report last --markdown",
        ["verify"] = "godwit verify result.evidence.json --key 9cc7...",
        ["apply"] = "godwit apply last",
        ["compare"] = "godwit compare main HEAD --goal bench --expect not-worse",
        ["confirm"] = "godwit confirm last --trial 3",
        ["init"] = "godwit init . --challenge c",
        ["schema"] = "godwit schema > godwit.schema.json",
        ["validate"] = "godwit validate examples/sqlite-settings",
        ["doctor"] = "godwit doctor",
        ["journal"] = "godwit journal verify last",
        ["journal verify"] = "godwit journal verify last",
        ["log"] = "godwit log last trial-1",
        ["approvals"] = "godwit approvals last",
        ["approve"] = "godwit approve last 1",
        ["deny"] = "godwit deny last 1 --because \"use the local copy\"",
        ["models"] = "godwit models",
        ["gateway"] = "godwit gateway --dollars 5",
    };

    private readonly HelpAction _usual = new();

    public override int Invoke(ParseResult parseResult)
    {
        var code = _usual.Invoke(parseResult);
        if (Examples.TryGetValue(Name(parseResult.CommandResult), out var example))
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  {example}\n");
        }

        return code;
    }

    /// <summary>A command of a command is named with it.</summary>
    private static string Name(CommandResult command) =>
        command.Parent is CommandResult { Parent: not null } above ? $"{above.Command.Name} {command.Command.Name}" : command.Command.Name;
}

/// <summary>Mistakes on the command line in words, not in names of .NET's types.</summary>
internal static class Plain
{
    public static string Of(string message) => message
        .Replace(
            "System.Nullable`1[System.Int32]", "a whole number",
            StringComparison.Ordinal).Replace("System.Nullable`1[System.Int64]", "a whole number", StringComparison.Ordinal)
        .Replace(
            "System.Nullable`1[System.UInt64]", "a whole number",
            StringComparison.Ordinal).Replace("System.Nullable`1[System.Decimal]", "a number", StringComparison.Ordinal)
        .Replace("System.Int32", "a whole number", StringComparison.Ordinal);
}

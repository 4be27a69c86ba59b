using System.CommandLine;
using Godwit.Goals;
using Godwit.Playbooks;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit schema</c>: the JSON schema of goal files, for editors.</summary>
internal static class SchemaCommand
{
    public static Command Create(RunKinds kinds)
    {
        var markdown = new Option<bool>("--markdown") { Description = "Print the documentation of every key instead." };
        var command = new Command("schema", "Print the JSON schema of goal files, for editors.") { markdown };
        command.SetGuardedAction((parsed, _) =>
        {
            Console.Write(
                parsed.GetValue(markdown)
                    ? GoalSchema.Markdown(kinds.CommonKeys, kinds.Sections)
                    : GoalSchema.Json(kinds.CommonKeys, kinds.Sections));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }
}

using System.CommandLine;
using Godwit.Playbooks;
using Godwit.Playbooks.Build;
using Godwit.Playbooks.Land;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit land</c>: the merge queue alone.</summary>
internal static class LandCommand
{
    public static Command Create(RunKinds kinds)
    {
        var branches = new Argument<string[]>("branch") { Description = "Branches, the first first.", Arity = ArgumentArity.OneOrMore };
        var onto = new Option<string>("--onto") { Description = "The commit that they are landed on.", DefaultValueFactory = _ => "HEAD" };
        var ground = new GroundOptions();
        var json = CommandGuard.JsonOption();
        var command = new Command(
            "land", "Merge branches that pass together, leave out those that break something or conflict, and prove the result.")
        {
            branches, onto, json,
        };
        ground.AddTo(command);
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var (names, tip) = (parsed.GetValue(branches)!, parsed.GetValue(onto)!);
            if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { Key: var twice })
            {
                throw new UsageException($"{twice} is named twice; name each branch once");
            }

            if (await ground.ReadAsync(kinds, parsed, tip, "land", cancellation) is not var (goal, source))
            {
                return ExitCode.Usage;
            }

            goal = goal with { Acceptance = [.. goal.Acceptance.Where(assertion => assertion is { IsKept: true, IsHidden: false })], Hidden = [] };
            if (goal is { Checks.Count: 0, Acceptance.Count: 0 })
            {
                throw new UsageException("nothing says what must pass; give --check \"your tests\", and --build or --setup where they need that");
            }

            TelemetryExport.IsWanted();
            await using var doors = new SandboxDoors();
            var start = new RunStart(RunStore.OfUser(), source, goal, ground.Sandbox(parsed)) { Networks = doors };
            await using var host = await LandKind.StartAsync(start, tip, names, cancellation);
            return await new RunSession(kinds).HostAsync(host, parsed.GetValue(json), cancellation);
        });
        return command;
    }
}

using System.CommandLine;
using Godwit.Durable.Journal;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit archive</c> and <c>godwit delete</c>: runs that aren't needed any more.</summary>
internal static class StoreCommands
{
    public static Command Archive()
    {
        var back = new Option<bool>("--back") { Description = "Take them back out of the archive." };
        var runs = Runs();
        var command = new Command("archive", "Archive runs: they are no longer listed, and can still be shown, reported and verified.") { runs, back };
        command.SetGuardedAction((parsed, _) =>
        {
            var store = RunStore.OfUser();
            foreach (var folder in Found(store, parsed.GetValue(runs)!))
            {
                var isAway = store.Archived().Any(other => other.Path == folder.Path);
                if (parsed.GetValue(back) != isAway)
                {
                    throw new UsageException($"{folder.Id} is {(isAway ? "archived already" : "no archived run")}");
                }

                if (isAway)
                {
                    store.Unarchive(folder);
                }
                else
                {
                    store.Archive(folder);
                }

                Console.WriteLine($"{folder.Id} {(isAway ? "is back" : "archived")}");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    public static Command Delete()
    {
        var yes = new Option<bool>("--yes") { Description = "Don't ask for confirmation." };
        var runs = Runs();
        var command = new Command("delete", "Delete runs with their journals and evidence; a branch that a run has published stays.") { runs, yes };
        command.SetGuardedAction((parsed, _) =>
        {
            var store = RunStore.OfUser();
            var folders = Found(store, parsed.GetValue(runs)!);
            if (!parsed.GetValue(yes))
            {
                if (!RunSession.IsAttended)
                {
                    throw new UsageException($"this would delete {string.Join(", ", folders.Select(folder => folder.Id))} for good; say --yes");
                }

                Console.Write($"delete {string.Join(", ", folders.Select(folder => folder.Id))} for good? [y/N] ");
                if (Console.ReadLine()?.Trim() is not ("y" or "yes"))
                {
                    return Task.FromResult(ExitCode.Stopped);
                }
            }

            foreach (var folder in folders)
            {
                store.Delete(folder);
                Console.WriteLine($"{folder.Id} deleted");
            }

            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    private static Argument<string[]> Runs() => new("runs") { Description = "Their whole ids.", Arity = ArgumentArity.OneOrMore };

    private static List<RunFolder> Found(RunStore store, IReadOnlyList<string> names) => [.. names.Select(store.FindExactly)];
}

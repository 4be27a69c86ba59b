using System.CommandLine;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit resolve</c>: answers what a run is parked for.</summary>
internal static class ResolveCommand
{
    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var process = new Option<long?>("--process") { Description = "The process; not needed while only one thing is parked." };
        var key = new Option<string?>("--key") { Description = "The parked step." };
        var retry = new Option<bool>("--retry") { Description = "Try it again." };
        var done = new Option<string?>("--done") { Description = "It happened; its result, as JSON." };
        var fail = new Option<string?>("--fail") { Description = "It did not and will not happen; why." };
        var command = new Command("resolve", "Answer what a run is parked for; 'godwit show' says what that is.")
        {
            run, process, key, retry, done, fail,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var (how, value) = (parsed.GetValue(retry), parsed.GetValue(done), parsed.GetValue(fail)) switch
            {
                (true, null, null) => ("retry", ""),
                (false, { } json, null) => ("done", json),
                (false, null, { } why) => ("fail", why),
                _ => throw new UsageException("say one of --retry, --done JSON and --fail WHY"),
            };
            var store = RunStore.OfUser();
            var folder = store.Find(parsed.GetValue(run)!);
            var request = new ControlRequest("resolve", 0, "", how, value);
            using (var reader = JournalReader.OpenVerified(folder))
            {
                var parked = Pick(reader, parsed.GetValue(process), parsed.GetValue(key));
                request = request with { Process = parked.Process, Key = parked.Key };
            }

            var outcome = await new RunActions(kinds, store).ResolveAsync(folder, request, null, cancellation);
            return SteerCommands.Tell(folder, outcome, outcome.Message, $"resolved; 'godwit resume {folder.Id}' goes on");
        });
        return command;
    }

    private static ParkedWork Pick(JournalReader reader, long? process, string? key)
    {
        var all = ParkedWork.Of(reader);
        var fitting = all.Where(work => (process is null || work.Process == process) && (key is null || work.Key == key)).ToList();
        return fitting switch
        {
            [var one] => one,
            [] when all.Count == 0 =>
                throw new UsageException($"nothing is parked in {reader.Run}; 'godwit resume {reader.Run}' goes on, if it hasn't ended"),
            [] => throw new UsageException(
                $"nothing of that name is parked in {reader.Run}; parked are " +
                $"{string.Join(", ", all.Select(work => $"--process {work.Process} --key {work.Key}"))}"),
            _ => throw new UsageException(
                $"more than one thing is parked in {reader.Run}: " +
                $"{string.Join(", ", fitting.Select(work => $"--process {work.Process} --key {work.Key}"))}; name one"),
        };
    }
}

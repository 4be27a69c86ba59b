using System.CommandLine;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Review;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit report</c>: writes a run's report.</summary>
internal static class ReportCommand
{
    public static Command Create(RunKinds kinds)
    {
        var run = RunArgument.Create();
        var markdown = new Option<bool>("--markdown") { Description = "Print Markdown, fit for a pull request, instead of writing HTML." };
        var sarif = new Option<bool>("--sarif") { Description = "Print a review's findings as SARIF 2.1.0." };
        var output = new Option<string?>("--output") { Description = "Where to write the HTML; by default into the run's folder." };
        var command = new Command("report", "Write a run's report: one HTML file that needs nothing else, or Markdown.")
        {
            run, markdown, sarif, output,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var store = RunStore.OfUser();
            using var reader = JournalReader.OpenVerified(store.Find(parsed.GetValue(run)!));
            var view = kinds.View(reader);
            if (parsed.GetValue(markdown))
            {
                Console.Write(await view.MarkdownAsync(reader, store, cancellation));
                return ExitCode.Ok;
            }

            if (parsed.GetValue(sarif))
            {
                var review = view as ReviewView ?? throw new UsageException($"{view.Run} isn't a review; only reviews have SARIF");
                Console.WriteLine(review.Sarif());
                return ExitCode.Ok;
            }

            var path = parsed.GetValue(output) ?? view.ReportPath;
            await File.WriteAllTextAsync(path, await view.HtmlAsync(reader, store, cancellation), cancellation);
            Console.WriteLine(path);
            return ExitCode.Ok;
        });
        return command;
    }
}

using System.CommandLine;
using Godwit.Cli.Reports;
using Godwit.Durable.Journal;
using Godwit.Playbooks;
using Godwit.Playbooks.Optimise;
using Godwit.Runs;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit report</c>: writes a run's report.</summary>
internal static class ReportCommand
{
    public static Command Create()
    {
        var run = RunArgument.Create();
        var markdown = new Option<bool>("--markdown") { Description = "Print Markdown, fit for a pull request, instead of writing HTML." };
        var output = new Option<string?>("--output") { Description = "Where to write the HTML; by default into the run's folder." };
        var command = new Command("report", "Write a run's report: one HTML file that needs nothing else, or Markdown.")
        {
            run, markdown, output,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            using var reader = JournalReader.OpenVerified(RunStore.OfUser().Find(parsed.GetValue(run)!));
            var data = await ReportData.ReadAsync(OptimiseView.Open(reader), reader, cancellation);
            if (parsed.GetValue(markdown))
            {
                Console.Write(MarkdownReport.Write(data));
                return ExitCode.Ok;
            }

            var path = parsed.GetValue(output) ?? RunResult.ReportPath(data.View);
            await File.WriteAllTextAsync(path, HtmlReport.Write(data), cancellation);
            Console.WriteLine(path);
            return ExitCode.Ok;
        });
        return command;
    }
}

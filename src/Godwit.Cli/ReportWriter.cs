using Godwit.Journal;
using Godwit.Playbooks.Optimise;

namespace Godwit.Cli;

/// <summary>Writes a run's report into its folder.</summary>
internal static class ReportWriter
{
    public static void Write(OptimiseView view, JournalReader reader)
    {
    }
}

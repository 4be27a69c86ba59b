using System.Text;
using Godwit.Workspaces;

namespace Godwit.Agents;

/// <summary>What a repository itself tells agents.</summary>
internal static class RepositoryInstructions
{
    private const string FileName = "AGENTS.md";

    /// <summary>The instructions nearest to a folder, from there to the top; null for none.</summary>
    /// <param name="repository">The run's clone.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="folder">The goal's folder from the top of the repository; empty for the top.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static async Task<string?> ReadAsync(RunRepository repository, string commit, string folder, CancellationToken cancellation)
    {
        for (; ; folder = Path.GetDirectoryName(folder) ?? "")
        {
            var file = folder.Length == 0 ? FileName : $"{folder}/{FileName}";
            if (await repository.FileAsync(commit, file, cancellation) is { } content)
            {
                return Encoding.UTF8.GetString(content);
            }

            if (folder.Length == 0)
            {
                return null;
            }
        }
    }
}

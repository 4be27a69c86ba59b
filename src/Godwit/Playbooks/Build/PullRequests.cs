using System.Diagnostics;
using Godwit.Durable;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Playbooks.Build;

/// <summary>What is to be proposed.</summary>
/// <param name="Source">The user's repository.</param>
/// <param name="Branch">The branch, which is there already.</param>
/// <param name="Title">The title.</param>
/// <param name="Body">The body, as Markdown.</param>
/// <param name="Onto">The branch that it is for; null for the forge's default.</param>
public sealed record PullRequest(string Source, string Branch, string Title, string Body, string? Onto);

/// <summary>Opens pull requests where the user's repository came from, by the forge's own program and in the user's name.</summary>
public interface IPullRequests
{
    /// <summary>Pushes the branch and opens a pull request; returns its address.</summary>
    Task<string> OpenAsync(PullRequest request, Attempt attempt, CancellationToken cancellation);

    /// <summary>Whether there is one for the branch.</summary>
    Task<ProbeAnswer> ProbeAsync(PullRequest request, CancellationToken cancellation);
}

/// <summary>Opens them by <c>gh</c> or <c>glab</c>, whichever is on this machine's PATH.</summary>
public sealed class ForgePullRequests : IPullRequests
{
    private const string Remote = "origin";

    // What gh 2 and glab 1 say of a branch that has none.
    private static readonly string[] None = ["no pull requests found", "no open merge request", "no merge request"];

    /// <summary>Why none can be opened from a repository; null where one can.</summary>
    public static async Task<string?> ProblemAsync(SourceRepository source, CancellationToken cancellation)
    {
        if (Program() is null)
        {
            return "'deliver: pr' needs gh or glab on this machine's PATH; install one and log in, or leave 'deliver' out";
        }

        var remotes = source.IsGit ? await Git.RunAsync(source.Root, ["remote"], cancellation) : "";
        return remotes.Split('\n').Contains(Remote) ? null : $"'deliver: pr' needs a remote '{Remote}' in {source.Root}; add one, or leave 'deliver' out";
    }

    /// <inheritdoc/>
    public async Task<string> OpenAsync(PullRequest request, Attempt attempt, CancellationToken cancellation)
    {
        var program = Program() ?? throw new StepFaultException("forge", "neither gh nor glab is on this machine's PATH");
        await RunAsync(request.Source, "git", ["push", "--no-verify", Remote, $"refs/heads/{request.Branch}:refs/heads/{request.Branch}"], cancellation);
        var printed = await RunAsync(
            request.Source, program,
            program == "gh"
                ? ["pr", "create", "--head", request.Branch, .. OntoOf(request, "--base"), "--title", request.Title, "--body", request.Body]
                :
                [
                    "mr", "create", "--source-branch", request.Branch, .. OntoOf(request, "--target-branch"), "--title", request.Title, "--description",
                    request.Body, "--yes",
                ],
            cancellation);
        return AddressIn(printed) ?? throw new StepFaultException("forge", $"{program} printed no address: {printed.Trim()}");
    }

    /// <inheritdoc/>
    public async Task<ProbeAnswer> ProbeAsync(PullRequest request, CancellationToken cancellation)
    {
        var program = Program();
        try
        {
            var printed = program is null ? "" : await RunAsync(
                request.Source, program,
                program == "gh" ? ["pr", "view", request.Branch, "--json", "url", "--jq", ".url"] : ["mr", "view", request.Branch],
                cancellation);
            return AddressIn(printed) is { } address ? new ProbeAnswer.Happened(address) : new ProbeAnswer.Absent();
        }
        catch (StepFaultException failed)
        {
            return None.Any(words => failed.Message.Contains(words, StringComparison.OrdinalIgnoreCase))
                ? new ProbeAnswer.Absent()
                : new ProbeAnswer.Unknown($"whether a pull request was opened can't be told: {failed.Message}");
        }
    }

    private static string[] OntoOf(PullRequest request, string option) => request.Onto is { } branch ? [option, branch] : [];

    private static string? Program() => ((string[])["gh", "glab"]).FirstOrDefault(name => ProgramFinder.Find(name) is not null);

    private static string? AddressIn(string printed) => printed.Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)
        .LastOrDefault(word => word.StartsWith("https://", StringComparison.Ordinal) || word.StartsWith("http://", StringComparison.Ordinal));

    private static async Task<string> RunAsync(string folder, string program, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Nobody sits before it who could type a password.
        info.Environment["GIT_TERMINAL_PROMPT"] = "0";
        info.Environment["GH_PROMPT_DISABLED"] = "1";
        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        var said = (await error).Trim();
        var why = said.Length == 0 ? $"exit code {process.ExitCode}" : said.Split('\n')[^1];
        return process.ExitCode == 0 ? await output : throw new StepFaultException("forge", $"{program} {arguments[0]} failed: {why}");
    }
}

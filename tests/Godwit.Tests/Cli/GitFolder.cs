using System.Diagnostics;

namespace Godwit.Tests.Cli;

/// <summary>A repository of a user's.</summary>
/// <param name="path">Its folder.</param>
internal sealed class GitFolder(string path)
{
    public string Path => path;

    /// <summary>Makes a folder a repository with what is in it as its first commit, on branch main.</summary>
    public static GitFolder Of(string path)
    {
        var folder = new GitFolder(path);
        folder.Git("init", "-q", "-b", "main");
        folder.Commit("base");
        return folder;
    }

    /// <summary>Commits all that is in the folder.</summary>
    public void Commit(string message)
    {
        Git("add", "-A");
        Git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", message);
    }

    /// <summary>Makes a branch of main with a file written, and goes back to main.</summary>
    public void Branch(string name, string file, string content)
    {
        Git("checkout", "-q", "-b", name, "main");
        File.WriteAllText(System.IO.Path.Combine(path, file), content);
        Commit($"Write {file} for {name}");
        Git("checkout", "-q", "main");
    }

    /// <summary>What git prints.</summary>
    public string Git(params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", arguments) { WorkingDirectory = path, RedirectStandardOutput = true })!;
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        Assert.Equal(0, git.ExitCode);
        return output;
    }
}

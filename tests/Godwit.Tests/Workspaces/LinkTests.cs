using System.Diagnostics;
using Godwit.Workspaces;

namespace Godwit.Tests.Workspaces;

/// <summary>A link that work leaves in a folder leads Godwit's own hand nowhere else.</summary>
public sealed class LinkTests : IDisposable
{
    private const int SandboxUser = 61_000;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-links-");

    public void Dispose() => FileSystem.DeleteAll(_root.FullName);

    [Fact]
    public void OwnAll_LinkToAFolderOutside_OwnsTheLinkAlone()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root can give files away");
        var (work, outside) = Folders();
        Directory.CreateDirectory(Path.Combine(work, "below"));
        File.WriteAllText(Path.Combine(work, "below", "own"), "");
        FileSystem.OwnAll(work, SandboxUser);
        Assert.Equal("0", OwnerOf(Path.Combine(outside, "kept")));
        Assert.Equal("0", OwnerOf(outside));
        Assert.Equal($"{SandboxUser}", OwnerOf(Path.Combine(work, "below", "own")));
        Assert.Equal($"{SandboxUser}", OwnerOf(Path.Combine(work, "link")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("new")]
    public void Reset_FileLaidBehindALink_LeavesWhatIsOutside(string? content)
    {
        var (pristine, outside) = Folders();
        var tree = new PlainTree(Path.Combine(_root.FullName, "tree"), -1);
        tree.Reset(
            pristine, new Dictionary<string, byte[]?> { ["link/kept"] = content is null ? null : System.Text.Encoding.UTF8.GetBytes(content) });
        Assert.Equal("kept", File.ReadAllText(Path.Combine(outside, "kept")));
        var isFolder = new FileInfo(Path.Combine(tree.Path, "link")).LinkTarget is null;
        Assert.Equal(content is not null, isFolder && File.Exists(Path.Combine(tree.Path, "link", "kept")));
    }

    [Fact]
    public void Reset_Pipe_IsLeftOutAndNotWaitedFor()
    {
        var (pristine, _) = Folders();
        Shell($"mkfifo {pristine}/pipe");
        var tree = new PlainTree(Path.Combine(_root.FullName, "tree"), -1);
        tree.Reset(pristine, new Dictionary<string, byte[]?>());
        Assert.False(Path.Exists(Path.Combine(tree.Path, "pipe")));
        Assert.NotNull(new FileInfo(Path.Combine(tree.Path, "link")).LinkTarget);
    }

    [Fact]
    public void DeleteAll_NameThatIsNoText_IsDeleted()
    {
        var (work, _) = Folders();
        Shell($"cd {work} && mkdir -p a/b && touch \"a/b/$(printf 'n\\377')\"");
        FileSystem.DeleteAll(work);
        Assert.False(Directory.Exists(work));
    }

    [Fact]
    public void Reset_NameThatIsNoTextWasLeft_IsGone()
    {
        var (pristine, _) = Folders();
        var tree = new PlainTree(Path.Combine(_root.FullName, "tree"), -1);
        tree.Reset(pristine, new Dictionary<string, byte[]?>());
        Shell($"cd {tree.Path} && touch \"$(printf 'n\\377')\"");
        tree.Reset(pristine, new Dictionary<string, byte[]?>());
        Assert.Equal(["link"], Directory.EnumerateFileSystemEntries(tree.Path).Select(Path.GetFileName));
    }

    /// <summary>A folder with a link to another one, which has a file.</summary>
    private (string Work, string Outside) Folders()
    {
        var (work, outside) = (Path.Combine(_root.FullName, "work"), Path.Combine(_root.FullName, "outside"));
        Directory.CreateDirectory(work);
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(outside, "kept"), "kept");
        Directory.CreateSymbolicLink(Path.Combine(work, "link"), outside);
        return (work, outside);
    }

    private static string OwnerOf(string path) => Shell($"stat -c %u {path}").Trim();

    private static string Shell(string line)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", line]) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output;
    }
}

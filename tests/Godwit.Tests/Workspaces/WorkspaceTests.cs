using System.Diagnostics;
using System.Security.Cryptography;
using Godwit.Workspaces;

namespace Godwit.Tests.Workspaces;

public sealed class WorkspaceTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");
    private readonly string _user;
    private readonly RunRepository _clone;

    public WorkspaceTests()
    {
        _user = Path.Combine(_root.FullName, "user");
        Directory.CreateDirectory(Path.Combine(_user, "sub"));
        File.WriteAllText(Path.Combine(_user, "sub", "settings.json"), "{}");
        File.WriteAllText(Path.Combine(_user, "code.txt"), "one\n");
        Shell("git init -q . && git config user.name u && git config user.email u@localhost && git add -A && git commit -qm first");
        _clone = new RunRepository(Path.Combine(_root.FullName, "clone.git"));
    }

    public void Dispose() => _root.Delete(recursive: true);

    [Fact]
    public async Task WholeRun_UsersRepository_StaysByteForByteSaveForOneBranch()
    {
        // Everything that a user may have lying around: hooks that would tell on us, a stash, staged and unstaged changes.
        foreach (var hook
            in (string[])["reference-transaction", "post-checkout", "pre-receive", "update", "post-receive", "post-update", "post-merge"])
        {
            var path = Path.Combine(_user, ".git", "hooks", hook);
            File.WriteAllText(path, $"#!/bin/sh\necho {hook} >> {_root.FullName}/hooks-ran\n");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Shell(
            "echo stashed > code.txt && git -c core.hooksPath=/dev/null stash -q && echo staged > code.txt && git add code.txt " +
            "&& echo unstaged > code.txt && echo new > untracked.txt");
        var before = Fingerprint();

        var source = await SourceRepository.FindAsync(Path.Combine(_user, "sub"), CancellationToken.None);
        Assert.Equal(("sub", true), (source.Folder, source.IsGit));
        var commit = await _clone.CloneAsync(source, "HEAD", CancellationToken.None);
        await _clone.CheckoutAsync(commit, Path.Combine(_root.FullName, "tree"), CancellationToken.None);
        Assert.Equal("one\n", File.ReadAllText(Path.Combine(_root.FullName, "tree", "code.txt")));
        var tip = await _clone.CommitAsync(
            commit, new Dictionary<string, byte[]?> { ["sub/settings.json"] = "{\"a\":1}"u8.ToArray() }, "Tune",
            DateTimeOffset.UnixEpoch, "result", CancellationToken.None);
        await source.TakeBranchAsync(_clone.Path, tip, "godwit/run", CancellationToken.None);
        await source.TakeBranchAsync(_clone.Path, tip, "godwit/run", CancellationToken.None);

        Assert.Equal(tip, await source.BranchAsync("godwit/run", CancellationToken.None));
        Assert.False(File.Exists(Path.Combine(_root.FullName, "hooks-ran")));
        Assert.Equal(before, Fingerprint());
        Assert.Equal("{\"a\":1}", Shell("git show godwit/run:sub/settings.json").TrimEnd());
    }

    /// <summary>What is delivered is what was measured: a file in a link's place is a file.</summary>
    [Fact]
    public async Task CommitAsync_FileInALinksPlace_IsAFile()
    {
        Shell("ln -s code.txt link && git add link && git commit -qm link");
        var commit = await _clone.CloneAsync(
            await SourceRepository.FindAsync(_user, CancellationToken.None), "HEAD", CancellationToken.None);
        var tip = await _clone.CommitAsync(
            commit, new Dictionary<string, byte[]?> { ["link"] = "two\n"u8.ToArray() }, "x", DateTimeOffset.UnixEpoch, "r",
            CancellationToken.None);
        var tree = Path.Combine(_root.FullName, "tree");
        await _clone.CheckoutAsync(tip, tree, CancellationToken.None);
        Assert.Null(new FileInfo(Path.Combine(tree, "link")).LinkTarget);
        Assert.Equal("two\n", File.ReadAllText(Path.Combine(tree, "link")));
    }

    [Theory]
    [InlineData("sub/settings.json", "sub/settings.json")]
    [InlineData("links/here", "code.txt")]
    [InlineData("folder/settings.json", "sub/settings.json")]
    [InlineData("links/out", null)]
    [InlineData("links/far", null)]
    [InlineData("links/round", null)]
    public async Task ResolveAsync_Links_AreFollowedInsideTheRepositoryOnly(string path, string? resolved)
    {
        Shell(
            "mkdir links && ln -s ../code.txt links/here && ln -s ../../x links/out && ln -s /etc/passwd links/far && ln -s " +
            "round links/round && ln -s sub folder && git add -A && git commit -qm links");
        if (resolved is null)
        {
            await Assert.ThrowsAsync<FormatException>(() => GitLinks.ResolveAsync(_user, "HEAD", path, CancellationToken.None));
            return;
        }

        Assert.Equal(resolved, await GitLinks.ResolveAsync(_user, "HEAD", path, CancellationToken.None));
    }

    [Fact]
    public async Task CheckoutWholeAsync_Submodule_IsThereAtItsRecordedCommit()
    {
        Shell(
            "git init -q ../lib && cd ../lib && git config user.name u && git config user.email u@localhost && echo recorded > " +
            "lib.txt && git add -A && git commit -qm lib");
        Shell(
            "git -c protocol.file.allow=always submodule --quiet add ../lib lib && git commit -qm submodule && cd lib && git " +
            "config user.name u && git config user.email u@localhost && echo later > lib.txt && git commit -qam later");
        var source = await SourceRepository.FindAsync(_user, CancellationToken.None);
        var commit = await _clone.CloneAsync(source, "HEAD", CancellationToken.None);
        var tree = Path.Combine(_root.FullName, "tree");
        await _clone.CheckoutWholeAsync(commit, tree, CancellationToken.None);
        Assert.Equal("recorded\n", File.ReadAllText(Path.Combine(tree, "lib", "lib.txt")));

        Shell("git submodule --quiet deinit -f lib");
        var error = await Assert.ThrowsAsync<GitException>(() => _clone.CloneAsync(source, "HEAD", CancellationToken.None));
        Assert.Contains("submodule lib isn't checked out at its recorded commit", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("git version 2.39.5\n", "2.39")]
    [InlineData("git version 2.37.1 (Apple Git-137.1)\n", "2.37")]
    [InlineData("git version 2.51.0.windows.1\n", "2.51")]
    [InlineData("git of its own kind\n", null)]
    public void VersionIn_WhatGitSaysOfItself_IsReadOrUnknown(string words, string? expected) =>
        Assert.Equal(expected, SourceRepository.VersionIn(words)?.ToString());

    [Fact]
    public async Task CloneAsync_OtherHashesWorkAndOtherNamesAreRefusedByName()
    {
        var other = Path.Combine(_root.FullName, "sha256");
        Shell(
            "git init -q --object-format=sha256 ../sha256 && cd ../sha256 && git config user.name u && git config user.email " +
            "u@localhost && echo x > f && git add -A && git commit -qm first");
        var commit = await _clone.CloneAsync(
            await SourceRepository.FindAsync(other, CancellationToken.None), "HEAD", CancellationToken.None);
        Assert.Equal(64, commit.Length);
        var without = new Dictionary<string, byte[]?> { ["f"] = null };
        Assert.Equal(64, (await _clone.CommitAsync(commit, without, "x", DateTimeOffset.UnixEpoch, "r", CancellationToken.None)).Length);

        Shell("printf 'x' > \"$(printf 'caf\\351')\" && git add -A && git commit -qm name");
        var error = await Assert.ThrowsAsync<GitException>(
            async () =>
                await _clone.CloneAsync(await SourceRepository.FindAsync(_user, CancellationToken.None), "HEAD", CancellationToken.None));
        Assert.Contains("caf\\xe9 isn't UTF-8", error.Message, StringComparison.Ordinal);

        // .NET can't delete it either.
        Shell("rm -f caf*");
    }

    [Fact]
    public async Task TakeBranchAsync_BranchPointsElsewhere_IsRefusedAndLeft()
    {
        Shell("git branch godwit/run");
        var source = await SourceRepository.FindAsync(_user, CancellationToken.None);
        var commit = await _clone.CloneAsync(source, "HEAD", CancellationToken.None);
        var tip = await _clone.CommitAsync(
            commit, new Dictionary<string, byte[]?> { ["code.txt"] = null }, "x", DateTimeOffset.UnixEpoch, "r", CancellationToken.None);
        await Assert.ThrowsAsync<GitException>(() => source.TakeBranchAsync(_clone.Path, tip, "godwit/run", CancellationToken.None));
        Assert.Equal(commit, await source.BranchAsync("godwit/run", CancellationToken.None));
    }

    [Fact]
    public async Task CloneAsync_PlainFolder_IsImported()
    {
        var plain = Path.Combine(_root.FullName, "plain");
        Directory.CreateDirectory(plain);
        File.WriteAllText(Path.Combine(plain, "a"), "content");
        var source = await SourceRepository.FindAsync(plain, CancellationToken.None);
        Assert.False(source.IsGit);
        var commit = await _clone.CloneAsync(source, "HEAD", CancellationToken.None);
        Assert.Equal("content"u8.ToArray(), await _clone.FileAsync(commit, "a", CancellationToken.None));
        Assert.False(Directory.Exists(Path.Combine(plain, ".git")));
    }

    [Fact]
    public async Task SnapshotAsync_ChangedFolder_IsReachableFromARef()
    {
        var source = await SourceRepository.FindAsync(_user, CancellationToken.None);
        var commit = await _clone.CloneAsync(source, "HEAD", CancellationToken.None);
        var tree = Path.Combine(_root.FullName, "tree");
        await _clone.CheckoutAsync(commit, tree, CancellationToken.None);
        File.WriteAllText(Path.Combine(tree, "added"), "x");
        File.Delete(Path.Combine(tree, "code.txt"));
        var snapshot = (await _clone.SnapshotAsync(tree, commit, "agent/1", CancellationToken.None)).Tree;
        var files = (await _clone.FilesAsync(snapshot, "", CancellationToken.None)).Select(file => file.Path);
        Assert.Equal(["added", "sub/settings.json"], files);
        Assert.Equal(snapshot, await _clone.TreeAsync("refs/godwit/agent/1", CancellationToken.None));
    }

    [Fact]
    public async Task SnapshotAsync_OneFolderManyTimes_IsWhatASnapshotWithoutThePastIs()
    {
        Shell("echo kept.log > .gitignore && echo 0 > kept.log && git add -f . && git commit -qm second");
        var source = await SourceRepository.FindAsync(_user, CancellationToken.None);
        var commit = await _clone.CloneAsync(source, "HEAD", CancellationToken.None);
        var tree = Path.Combine(_root.FullName, "tree");
        await _clone.CheckoutAsync(commit, tree, CancellationToken.None, snapshots: "agent/1");
        var changes = new (string Name, Action<string> Make)[]
        {
            ("same size, same second", path => File.WriteAllText(Path.Combine(path, "code.txt"), "two\n")),
            ("once more", path => File.WriteAllText(Path.Combine(path, "code.txt"), "six\n")),
            ("back to what it was", path => File.WriteAllText(Path.Combine(path, "code.txt"), "one\n")),
            ("an ignored file that the repository has is gone", path => File.Delete(Path.Combine(path, "kept.log"))),
            ("and is back", path => File.WriteAllText(Path.Combine(path, "kept.log"), "1\n")),
            ("another ignored file", path => File.WriteAllText(Path.Combine(path, "sub", "kept.log"), "x")),
            ("a folder in the place of a file", path => FolderInPlaceOf(Path.Combine(path, "code.txt"))),
            ("a file again", path => FileInPlaceOf(Path.Combine(path, "code.txt"))),
            ("executable", path => File.SetUnixFileMode(Path.Combine(path, "code.txt"), Program)),
            ("a git that was killed", _ => File.WriteAllText(Path.Combine(_clone.Path, "index-agent-1.lock"), "")),
        };
        var number = 0;
        foreach (var (name, make) in changes)
        {
            make(tree);
            var snapshot = (await _clone.SnapshotAsync(tree, commit, "agent/1", CancellationToken.None)).Tree;
            Assert.True(snapshot == (await _clone.SnapshotAsync(tree, commit, $"fresh/{++number}", CancellationToken.None)).Tree, name);
        }

        Assert.NotNull(await _clone.FileAsync("refs/godwit/agent/1", "kept.log", CancellationToken.None));
        Assert.Null(await _clone.FileAsync("refs/godwit/agent/1", "sub/kept.log", CancellationToken.None));
    }

    [Fact]
    public void PlainTree_AnythingDoneToIt_IsUndoneWithoutFollowingLinks()
    {
        var pristine = Path.Combine(_root.FullName, "pristine");
        Directory.CreateDirectory(Path.Combine(pristine, "folder"));
        File.WriteAllText(Path.Combine(pristine, "folder", "file"), "original");
        File.WriteAllText(Path.Combine(pristine, "kept"), "kept");
        var outside = Path.Combine(_root.FullName, "outside");
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(outside, "file"), "not ours");

        var tree = new PlainTree(Path.Combine(_root.FullName, "tree"), -1);
        tree.Reset(pristine, new Dictionary<string, byte[]?> { ["new/settings"] = [1], ["kept"] = null });
        Assert.False(File.Exists(Path.Combine(tree.Path, "kept")));
        Assert.Equal([1], File.ReadAllBytes(Path.Combine(tree.Path, "new", "settings")));

        // A candidate hides a change behind the old size and time, and puts a link where a folder was.
        Directory.Delete(Path.Combine(tree.Path, "folder"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(tree.Path, "folder"), outside);
        File.WriteAllText(Path.Combine(tree.Path, "litter"), "x");
        tree.Reset(pristine, new Dictionary<string, byte[]?>());
        Assert.Equal("original", File.ReadAllText(Path.Combine(tree.Path, "folder", "file")));
        Assert.Equal("not ours", File.ReadAllText(Path.Combine(outside, "file")));
        Assert.Equal(["folder", "kept"], Directory.EnumerateFileSystemEntries(tree.Path).Select(Path.GetFileName).Order());

        var target = Path.Combine(tree.Path, "kept");
        var time = File.GetLastWriteTimeUtc(target);
        File.WriteAllText(target, "kepT");
        File.SetLastWriteTimeUtc(target, time);
        tree.Reset(pristine, new Dictionary<string, byte[]?>());
        Assert.Equal("kept", File.ReadAllText(target));
    }

    private static void FolderInPlaceOf(string file)
    {
        File.Delete(file);
        Directory.CreateDirectory(file);
        File.WriteAllText(Path.Combine(file, "in"), "x");
    }

    private static void FileInPlaceOf(string folder)
    {
        Directory.Delete(folder, recursive: true);
        File.WriteAllText(folder, "one\n");
    }

    private const UnixFileMode Program = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Every file of the user's side, the git directory included, save for objects and the one new branch.</summary>
    private string Fingerprint() => string.Join('\n', Directory.EnumerateFiles(_user, "*", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/.git/objects/", StringComparison.Ordinal) && !file.Contains("/godwit/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal).Select(file => $"{file} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}"));

    private string Shell(string line)
    {
        var info = new ProcessStartInfo("/bin/sh", ["-c", line]) { WorkingDirectory = _user, RedirectStandardOutput = true };
        using var shell = Process.Start(info)!;
        var output = shell.StandardOutput.ReadToEnd();
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
        return output;
    }
}

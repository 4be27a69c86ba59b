using System.Diagnostics;
using Godwit.Verification;
using Godwit.Workspaces;

namespace Godwit.Tests.Workspaces;

/// <summary>What is taken of an agent's tree is its scope and nothing else, whatever its commands do; an honest build isn't disturbed.</summary>
public sealed class ScopeTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-scope-");
    private readonly RunRepository _clone;

    public ScopeTests() => _clone = new RunRepository(Path.Combine(_root.FullName, "clone"));

    public void Dispose() => FileSystem.DeleteAll(_root.FullName);

    public static TheoryData<string> Escapes => new(
        "echo x > tests/t.txt",
        "echo x >> tests/t.txt",
        "rm tests/t.txt",
        "rm -r tests",
        "mv tests/t.txt tests/u.txt",
        "mv tests/t.txt src/t.txt",
        "mv tests src/tests",
        "mv src tests2; mkdir src; mv tests2 src/old",
        "cp src/a.txt tests/t.txt",
        "ln -sf ../src/a.txt tests/t.txt",
        "rm -r tests; ln -s src tests",
        "rm -r tests; mkdir src/x; echo y > src/x/t.txt; ln -s src/x tests",
        "ln tests/t.txt src/hard; echo x > src/hard",
        "sed -i s/t/x/ tests/t.txt",
        "chmod +x tests/t.txt",
        "chmod -x tools/run.sh",
        "echo new > tests/new.txt",
        "echo new > new.txt",
        "mkdir lib; echo l > lib/l.txt",
        "echo 'exit 0' > tools/run.sh",
        "truncate -s 0 tools/run.sh",
        "rm link; echo x > link",
        "ln -sf src/a.txt link",
        "echo '* -text' > .gitattributes",
        "echo 'tests' > .gitignore; rm -r tests",
        "git init -q .; git add -A; git -c user.name=a -c user.email=b commit -qm x; echo x > tests/t.txt",
        "mkdir src/inner; cd src/inner; git init -q .; echo z > z; git add z; git -c user.name=a -c user.email=b commit -qm z",
        "echo x > tests/T.txt",
        "rm tests/t.txt; mkdir tests/t.txt; echo x > tests/t.txt/x",
        "touch -d 2001-01-01 tests/t.txt; printf 'T\\n' > tests/t.txt; touch -d 2001-01-01 tests/t.txt",
        "touch \"src/$(printf 'n\\377')\"; touch \"tests/$(printf 'n\\377')\"",
        "printf x | dd of=tests/t.txt bs=1 conv=notrunc 2>/dev/null",
        "sh -c 'cd src && cd ../tests && cat > t.txt' < src/a.txt");

    [Theory]
    [MemberData(nameof(Escapes))]
    public async Task Snapshot_CommandThatLeavesItsScope_TakesNothingOfIt(string command)
    {
        var (tree, commit) = await TreeAsync();
        Run(tree.Path, command + "\n(echo own > src/own.txt) 2>/dev/null || true");
        tree.Touch();
        var taken = await tree.SnapshotAsync(CancellationToken.None);
        var changed = (await _clone.ChangesAsync(commit, taken, CancellationToken.None)).Select(change => change.Path).ToList();
        Assert.All(changed, path => Assert.StartsWith("src/", path, StringComparison.Ordinal));
        Assert.DoesNotContain(changed, path => path.Contains('\uFFFD', StringComparison.Ordinal));
        Assert.Equal("t\n", await TextAsync(taken, "tests/t.txt"));

        // What the repository has outside of the scope stands in the folder again.
        Assert.Equal("t\n", File.ReadAllText(Path.Combine(tree.Path, "tests/t.txt")));
        Assert.Null(new FileInfo(Path.Combine(tree.Path, "tests")).LinkTarget);
        Assert.Equal("#!/bin/sh\nexit 1\n", File.ReadAllText(Path.Combine(tree.Path, "tools/run.sh")));
        Assert.Equal("tests/t.txt", new FileInfo(Path.Combine(tree.Path, "link")).LinkTarget);
    }

    [Fact]
    public async Task Snapshot_HonestBuild_IsNotDisturbedAndItsOutputStays()
    {
        var (tree, commit) = await TreeAsync();
        Run(tree.Path, "echo two >> src/a.txt; rm src/b.txt; mkdir -p obj; cat src/a.txt > obj/out; echo src/c > src/c.txt");
        tree.Touch();
        var taken = await tree.SnapshotAsync(CancellationToken.None);
        var changes = await _clone.ChangesAsync(commit, taken, CancellationToken.None);
        Assert.Equal(["src/a.txt", "src/b.txt", "src/c.txt"], changes.Select(change => change.Path));
        Assert.Null(changes.First(change => change.Path == "src/b.txt").Object);
        Assert.True(File.Exists(Path.Combine(tree.Path, "obj/out")));
        Assert.Equal(["obj/out"], await tree.TakeLeftOutAsync(CancellationToken.None));
        Assert.Empty(await tree.TakeLeftOutAsync(CancellationToken.None));
    }

    private async Task<(AgentTree Tree, string Commit)> TreeAsync()
    {
        var source = Path.Combine(_root.FullName, "source");
        Directory.CreateDirectory(source);
        Run(
            source,
            "mkdir src tests tools; echo a > src/a.txt; echo b > src/b.txt; echo t > tests/t.txt; printf '#!/bin/sh\\nexit 1\\n' > tools/run.sh; " +
            "chmod +x tools/run.sh; ln -s tests/t.txt link; echo '*.o' > .gitignore");
        var commit = await _clone.CloneAsync(await SourceRepository.FindAsync(source, CancellationToken.None), "HEAD", CancellationToken.None);
        var start = await _clone.TreeAsync(commit, CancellationToken.None);
        var tree = new AgentTree(
            "a", Path.Combine(_root.FullName, "tree"), start, commit, _clone, -1, null, new TreeScope(new Glob(["src/**"]).Matches) { Harvests = true });
        await tree.ResetAsync(start, CancellationToken.None);
        return (tree, commit);
    }

    private async Task<string> TextAsync(string tree, string file) =>
        System.Text.Encoding.UTF8.GetString((await _clone.FileAsync(tree, file, CancellationToken.None))!);

    private static void Run(string folder, string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { WorkingDirectory = folder })!;
        process.WaitForExit();
    }
}

using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Tests.Sandbox;

/// <summary>Through the real bubblewrap: what a command can't see, change, outlive or use up.</summary>
public sealed class SandboxTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-test-");
    private readonly SandboxRunner _host;
    private readonly string _tree;

    public SandboxTests()
    {
        _host = new SandboxRunner(SandboxKind.Bubblewrap, Path.Combine(_root.FullName, "assets"), TimeProvider.System);
        _tree = Path.Combine(_root.FullName, "tree");
        Directory.CreateDirectory(_tree);
        FileSystem.Own(_tree, _host.OwnerOfFiles);
    }

    public void Dispose()
    {
        _host.Dispose();
        _root.Delete(recursive: true);
    }

    private Task<SandboxResult> RunAsync(string shell, Func<SandboxCommand, SandboxCommand>? change = null)
    {
        var command = new SandboxCommand { Shell = shell, Tree = _tree, Timeout = TimeSpan.FromSeconds(20) };
        return _host.RunAsync(change is null ? command : change(command), CancellationToken.None);
    }

    [Fact]
    public async Task RunAsync_ExitCodeAndOutput_AreTheCommands()
    {
        var result = await RunAsync("echo out; echo err >&2; touch made; exit 7");
        Assert.Equal((7, "out\n", "err\n", false, false), (result.ExitCode, result.Output, result.Error, result.TimedOut, result.Crashed));
        Assert.True(File.Exists(Path.Combine(_tree, "made")));
    }

    /// <summary>
    /// What a debugger and a profiler ask of the kernel: an agent's commands get it for their own processes, measured ones don't.
    /// </summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RunAsync_DebuggerAndProfiler_WorkWhereTheyMay(bool debugging)
    {
        File.WriteAllText(Path.Combine(_tree, "probe.c"), """
            #include <linux/perf_event.h>
            #include <string.h>
            #include <sys/ptrace.h>
            #include <sys/syscall.h>
            #include <sys/wait.h>
            #include <stdio.h>
            #include <unistd.h>
            int main(void) {
                int child = fork(), status = 0;
                if (child == 0) { _exit(ptrace(PTRACE_TRACEME, 0, 0, 0) ? 1 : 0); }
                waitpid(child, &status, 0);
                struct perf_event_attr task; memset(&task, 0, sizeof task);
                task.type = PERF_TYPE_SOFTWARE; task.size = sizeof task; task.config = PERF_COUNT_SW_TASK_CLOCK; task.exclude_kernel = 1; task.exclude_hv = 1;
                printf("traced %s, counted %s\n", status == 0 ? "yes" : "no", syscall(SYS_perf_event_open, &task, 0, -1, -1, 0) >= 0 ? "yes" : "no");
                return 0;
            }
            """);
        var result = await RunAsync("gcc probe.c -o probe && ./probe", command => command with { Debugging = debugging });
        Assert.True(result.ExitCode == 0, result.Error);
        var paranoid = File.Exists("/proc/sys/kernel/perf_event_paranoid")
            ? int.Parse(File.ReadAllText("/proc/sys/kernel/perf_event_paranoid"), System.Globalization.CultureInfo.InvariantCulture)
            : 3;
        Assert.Equal($"traced {(debugging ? "yes" : "no")}, counted {(debugging && paranoid < 3 ? "yes" : "no")}\n", result.Output);
        var gdb = await RunAsync(
            "command -v gdb >/dev/null || exit 99; gdb -batch -ex run -ex 'info inferiors' ./probe",
            command => command with { Debugging = debugging });
        Assert.True(
            gdb.ExitCode == 99 || gdb.Output.Contains("exited normally", StringComparison.Ordinal) == debugging, gdb.Output + gdb.Error);
    }

    [Theory]
    [InlineData("cat /etc/shadow")]
    [InlineData("touch /usr/x")]
    [InlineData("touch /x")]
    [InlineData("touch /etc/passwd")]
    [InlineData("mount -t tmpfs none /tmp")]
    [InlineData("unshare -U true")]
    [InlineData("unshare -m true")]
    [InlineData("chroot / true")]
    [InlineData("test -e /root/.ssh -o -e /home")]
    [InlineData("cat /proc/1/environ | tr '\\0' '\\n' | grep GODWIT_PLANTED")]
    [InlineData("setpriv --reuid 0 true")]
    [InlineData("ls /sys/fs/cgroup/pids")]
    [InlineData("bash -c 'echo > /dev/tcp/127.0.0.1/1'")]
    public async Task RunAsync_WayOut_IsClosed(string shell)
    {
        Environment.SetEnvironmentVariable("GODWIT_PLANTED", "secret");
        var result = await RunAsync(shell);
        Assert.NotEqual(0, result.ExitCode);
        Assert.False(result.TimedOut);
    }

    [Fact]
    public async Task RunAsync_Identity_IsAnUnprivilegedUserWithoutCapabilities()
    {
        var result = await RunAsync(
            "id -u; grep -E 'CapEff|CapBnd|NoNewPrivs|^Seccomp:' /proc/self/status; env | cut -d= -f1 | sort | tr '\\n' ' '");
        Assert.NotEqual("0", result.Output.Split('\n')[0]);
        Assert.Contains("CapEff:\t0000000000000000", result.Output, StringComparison.Ordinal);
        Assert.Contains("CapBnd:\t0000000000000000", result.Output, StringComparison.Ordinal);
        Assert.Contains("NoNewPrivs:\t1", result.Output, StringComparison.Ordinal);
        Assert.Contains("Seccomp:\t2", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("GODWIT", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_Timeout_KillsTheWholeTree()
    {
        var marker = $"sleep 4{Marker()}";
        var result = await RunAsync(
            $"({marker} &) ; setsid {marker} & {marker}", command => command with { Timeout = TimeSpan.FromMilliseconds(600) });
        Assert.True(result.TimedOut);
        Assert.True(result.Elapsed < TimeSpan.FromSeconds(10));
        await Durable.Eventually.TrueAsync(() => !Running(marker), "every sleep gone");
    }

    [Fact]
    public async Task RunAsync_LeavesBackgroundWork_ItDoesNotOutliveTheCommand()
    {
        var marker = $"sleep 5{Marker()}";
        var result = await RunAsync($"{marker} & exit 0");
        Assert.Equal(0, result.ExitCode);
        await Durable.Eventually.TrueAsync(() => !Running(marker), "the sleep gone");
    }

    [Fact]
    public async Task RunAsync_PrintsWithoutEnd_OutputIsCapped()
    {
        var result = await RunAsync(
            "head -c 30000000 /dev/zero | tr '\\0' x; echo end",
            command => command with { Limits = new SandboxLimits { Output = 10_000 } });
        Assert.True(result.Output.Length < 40_000);
        Assert.Contains("bytes left out", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("end\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_ForkBombAndMemoryHog_StayWithinLimits()
    {
        var many = await RunAsync(
            "for i in $(seq 200); do sleep 5 & done; wait; jobs",
            command => command with { Limits = new SandboxLimits { Processes = 50 }, Timeout = TimeSpan.FromSeconds(3) });
        Assert.True(many.ExitCode != 0 || many.TimedOut);
        Assert.Contains("fork", many.Error, StringComparison.OrdinalIgnoreCase);
        var hog = await RunAsync(
            "head -c 400000000 /dev/zero | tail", command => command with { Limits = new SandboxLimits { Memory = 64 << 20 } });
        Assert.NotEqual(0, hog.ExitCode);
    }

    [Fact]
    public async Task RunAsync_ReadAndMounts_AreVisibleAndReadOnly()
    {
        var outside = Path.Combine(_root.FullName, "outside");
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(outside, "file"), "seen");
        var result = await RunAsync(
            $"cat {outside}/file /elsewhere/file; touch {outside}/x; touch /elsewhere/x; ls", command => command with
        {
            Read = [outside],
            Mounts = new Dictionary<string, string> { [outside] = "/elsewhere" },
        });
        Assert.StartsWith("seenseen", result.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(outside, "x")));
    }

    [Fact]
    public async Task RunAsync_Cancelled_ThrowsAndKills()
    {
        var marker = $"sleep 6{Marker()}";
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _host.RunAsync(new SandboxCommand { Shell = marker, Tree = _tree }, cancel.Token));
        await Durable.Eventually.TrueAsync(() => !Running(marker), "the sleep gone");
    }

    [Fact]
    public async Task RunAsync_None_RunsBareAndStillKillsItsGroup()
    {
        using var bare = new SandboxRunner(SandboxKind.None, Path.Combine(_root.FullName, "assets"), TimeProvider.System);
        var marker = $"sleep 7{Marker()}";
        var result = await bare.RunAsync(
            new SandboxCommand { Shell = $"{marker} & {marker}", Tree = _tree, Timeout = TimeSpan.FromMilliseconds(400) },
            CancellationToken.None);
        Assert.True(result.TimedOut);
        Assert.Equal("none", bare.Describe());
        await Durable.Eventually.TrueAsync(() => !Running(marker), "every sleep gone");
    }

    private static string Marker() => $"{System.Security.Cryptography.RandomNumberGenerator.GetInt32(1000, 9999)}";

    private static bool Running(string command) =>
        Directory.EnumerateDirectories("/proc").Where(path => char.IsDigit(Path.GetFileName(path)[0])).Any(path =>
    {
        try
        {
            return File.ReadAllText(path + "/cmdline").Replace('\0', ' ').Trim() == command;
        }
        catch (IOException)
        {
            return false;
        }
    });
}

using System.Diagnostics;
using System.Globalization;
using Godwit.Sandbox;

namespace Godwit.Cli.Attacks;

/// <summary>What a command tries from inside of the sandbox.</summary>
internal static class SandboxAttacks
{
    private const string NoSecrets = "nothing of the user's or of other agents' can be read";
    private const string OwnTreeOnly = "the workspace is the only place that can be written";
    private const string NoKernel = "what has been a way out of sandboxes is refused by the kernel";
    private const string NothingLeft = "all that a command has started ends with it";
    private const string Shares = "a bomb takes no more than its share";
    private const string NoNetwork = "there is no network but what the goal names";

    /// <summary>All of them.</summary>
    public static IEnumerable<Attack> All => [.. Reading, .. Writing, .. Kernel, .. Processes, .. Limits, .. Network];

    private static IEnumerable<Attack> Reading =>
    [
        Shell("read/home", NoSecrets, ground => $"cat {ground.InHome}", bare: true),
        Shell("read/home-by-name", NoSecrets, ground => $"cat ~/{Path.GetFileName(ground.InHome)}", bare: true),
        Shell("read/shadow", NoSecrets, _ => "head -c 1 /etc/shadow >/dev/null && echo through: it was opened"),
        Shell("read/users", NoSecrets, _ =>
            $"grep -v -e ^root: -e ^agent: -e ^harness: /etc/passwd | sed 's/^/through: /'", bare: true),
        Shell("read/own-environment", NoSecrets, _ => "env; cat /proc/self/environ"),
        Shell("read/others-environment", NoSecrets, _ => "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep secret", bare: true),
        Shell("read/others-command-line", NoSecrets, _ => "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep '^secret'", bare: true),
        Shell("read/witness-memory", NoSecrets, ground => $"cat /proc/{ground.Witness}/maps && echo through: its memory map", bare: true),
        Shell("read/descriptors", NoSecrets, _ =>
            "for fd in /proc/self/fd/*; do case ${fd##*/} in 0|1|2) ;; *) t=$(readlink $fd) && case $t in /proc/*|/dev/null|'') ;; " +
            "*) echo \"through: descriptor $fd leads to $t\";; esac;; esac; done"),
        Shell("read/run-key", NoSecrets, ground => $"cat {ground.RunFolder.Path}/run.key", bare: true),
        Shell("read/verifier-key", NoSecrets, ground => $"ls -R {ground.Store.Home} && echo through: the store is there", bare: true),
        Shell("read/other-agents-tree", NoSecrets, ground => $"cat {ground.OtherTree}/notes.txt ../*/notes.txt /ws/../*/notes.txt", bare: true),
        Shell("read/planted-link", NoSecrets, ground => $"ln -s {ground.InHome} link; cat link", bare: true),
        Shell("read/root-by-proc", NoSecrets, ground => $"cat /proc/1/root{ground.InHome} /proc/self/root{ground.InHome} /proc/1/cwd/../notes.txt", bare: true),
        Shell("read/kernel-memory", NoSecrets, _ =>
            "for f in /proc/kcore /dev/mem /dev/kmem /dev/port; do head -c 1 $f >/dev/null 2>&1 && echo through: $f; done; true"),
        Shell("read/disks", NoSecrets, _ => "for d in /dev/sd* /dev/vd* /dev/nvme* /dev/dm-*; do [ -e $d ] && echo through: $d; done; true"),
        Shell("read/sockets-of-services", NoSecrets, _ =>
            "for s in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /run/podman/podman.sock /run/dbus/system_bus_socket " +
            "/run/systemd/private $SSH_AUTH_SOCK; do [ -S \"$s\" ] && echo through: $s; done; true"),
        Shell("read/machine", NoSecrets, _ =>
            "for f in /etc/machine-id /etc/hostname /etc/ssh /var/lib/cloud /root/.ssh; do [ -e $f ] && echo through: $f; done; true"),
    ];

    private static IEnumerable<Attack> Writing =>
    [
        Shell("write/usr", OwnTreeOnly, _ => "touch /usr/bin/attack && rm /usr/bin/attack && echo through: written"),
        Shell("write/etc", OwnTreeOnly, _ => "touch /etc/attack && rm /etc/attack && echo through: written"),
        Shell("write/top", OwnTreeOnly, _ => "touch /attack && rm /attack && echo through: written"),
        Shell("write/trust", OwnTreeOnly, _ => "echo x >> /etc/ssl/certs/ca-certificates.crt && echo through: written"),
        Host("write/home", OwnTreeOnly, async (ground, cancellation) =>
        {
            await ground.RunAsync($"echo changed > {ground.InHome}", cancellation);
            return await File.ReadAllTextAsync(ground.InHome, cancellation) == ground.Secret ? null : "the file in the user's home has changed";
        }),
        Host("write/other-agents-tree", OwnTreeOnly, async (ground, cancellation) =>
        {
            await ground.RunAsync($"echo changed > {ground.OtherTree}/notes.txt; touch {ground.OtherTree}/new", cancellation);
            return File.Exists(Path.Combine(ground.OtherTree, "new")) ? "a file was made there" : null;
        }),
        Host("write/through-planted-link", OwnTreeOnly, async (ground, cancellation) =>
        {
            await ground.RunAsync($"ln -s {ground.InHome} out; echo changed > out", cancellation);
            return await File.ReadAllTextAsync(ground.InHome, cancellation) == ground.Secret ? null : "the link was followed outside";
        }),
        Shell("write/hard-link", OwnTreeOnly, ground => $"ln /etc/shadow shadow && echo through: linked; ln {ground.InHome} home && echo through: linked"),
        Shell("write/kernel-settings", OwnTreeOnly, _ =>
            "for f in /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/sysrq-trigger /sys/kernel/uevent_helper; do " +
            "(: >> $f) 2>/dev/null && echo through: $f; done; true"),
        Shell("write/control-groups", OwnTreeOnly, _ =>
            "find /sys/fs/cgroup -name cgroup.procs -writable 2>/dev/null | head -1 | sed 's/^/through: /'"),
        Shell("write/scheduler", OwnTreeOnly, _ =>
            "nice -n -5 true 2>/dev/null && [ \"$(nice -n -5 nice 2>/dev/null)\" = -5 ] && echo through: sooner than others"),
        Host("write/setuid", OwnTreeOnly, async (ground, cancellation) =>
        {
            var tree = "";
            await ground.RunAsync("cp /bin/sh shell; chmod 6755 shell", cancellation, command =>
            {
                tree = command.Tree;
                return command;
            });
            var owner = await ReadAsync("stat", ["-c", "%u", Path.Combine(tree, "shell")], cancellation);
            return owner.Trim() == "0" ? "a program that runs as root was left behind" : null;
        }),
    ];

    private static IEnumerable<Attack> Kernel => KernelAttacks.Calls.Keys.Select(call => new Attack($"kernel/{call}", NoKernel, async (ground, cancellation) =>
    {
        // An agent's own commands are what the wider filter is for.
        var result = await ground.RunSelfAsync(["call", call], cancellation, command => command with { Debugging = true });
        return Outcome(ground, result);
    }));

    private static IEnumerable<Attack> Processes =>
    [
        Left("process/background", "sleep 97 &"),
        Left("process/detached", "setsid nohup sleep 97 >/dev/null 2>&1 </dev/null &"),
        Left("process/twice-forked", "(setsid sh -c 'setsid sleep 97 &' &) ; sleep 0.2"),
        Left("process/deaf-to-term", "sh -c 'trap \"\" TERM INT HUP; sleep 97 & wait' & sleep 0.2"),
        Host("process/past-its-time", NothingLeft, async (ground, cancellation) =>
        {
            var result = await ground.RunAsync(
                "trap '' TERM INT HUP; (trap '' TERM; sleep 97) & while :; do sleep 1; done", cancellation,
                command => command with { Timeout = TimeSpan.FromSeconds(1) });
            return !result.TimedOut ? "it wasn't ended" : await SleepsAsync(cancellation) ? "it sleeps on" : null;
        }),
        Host("process/kill-everything", NothingLeft, async (ground, cancellation) =>
        {
            await ground.RunAsync($"kill -9 {ground.Witness} -1; kill -STOP {Environment.ProcessId}", cancellation);
            return ground.IsWitnessAlive ? null : "a process outside was killed";
        }),
        Shell("process/signal-parent", NothingLeft, ground => $"kill -0 {ground.Witness} 2>/dev/null && echo through: it can be signalled"),
        Host("process/terminal", "no command can type into the user's terminal", async (ground, cancellation) =>
        {
            var result = await ground.RunAsync("exec 3<>/dev/tty && echo through: it has a terminal", cancellation);
            return result.Output.Contains("through", StringComparison.Ordinal) ? "it has the user's terminal" : null;
        }),
    ];

    private static IEnumerable<Attack> Limits =>
    [
        new Attack("bomb/memory", Shares, async (ground, cancellation) =>
            Outcome(ground, await ground.RunSelfAsync(["memory", "1500000000"], cancellation, command => command with
            {
                Limits = command.Limits with { Memory = 600L << 20 },
            }))) { Needs = SandboxRunner.Memory },
        new Attack("bomb/processes", Shares, async (ground, cancellation) =>
        {
            var result = await ground.RunAsync(
                "i=0; while [ $i -lt 400 ]; do sleep 3 & i=$((i+1)); done; echo through: 400 processes", cancellation,
                command => command with { Limits = command.Limits with { Processes = 100 } });
            return Outcome(ground, result);
        }) { Needs = SandboxRunner.Processes },
        Shell("bomb/temporary-files", Shares, _ => "head -c 80000000 /dev/zero > /tmp/fill && echo through: 80 MB", change: command => command with
        {
            Limits = command.Limits with { Temporary = 20L << 20 },
        }),
        Shell("bomb/shared-memory", Shares, _ => "head -c 80000000 /dev/zero > /dev/shm/fill && echo through: 80 MB", change: command => command with
        {
            Limits = command.Limits with { Temporary = 20L << 20 },
        }),
        Host("bomb/output", Shares, async (ground, cancellation) =>
        {
            var before = GC.GetTotalMemory(forceFullCollection: true);
            var result = await ground.RunAsync("yes | head -c 300000000; yes | head -c 300000000 >&2", cancellation);
            var kept = result.Output.Length + result.Error.Length + Math.Max(0, GC.GetTotalMemory(forceFullCollection: true) - before);
            return kept > 50_000_000 ? $"{kept} bytes of it were kept" : null;
        }),
        Shell("bomb/core-dump", Shares, _ => "ulimit -c unlimited 2>/dev/null; sh -c 'kill -SEGV $$' 2>/dev/null; ls core* 2>/dev/null | sed 's/^/through: /'"),
        new Attack("bomb/workspace", Shares, async (ground, cancellation) =>
            Outcome(ground, await ground.RunAsync("head -c 200000000 /dev/zero > fill && echo through: 200 MB in its workspace", cancellation)))
        { Needs = SandboxRunner.Workspace },
    ];

    private static IEnumerable<Attack> Network =>
    [
        Connects("network/loopback-of-machine", "tcp", ground => ground.Tcp.ToString()),
        Connects("network/socket-without-a-file", "abstract", ground => ground.AbstractName),
        Connects("network/socket-that-is-a-file", "unix", ground => ground.UnixPath),
        Connects("network/internet", "tcp", _ => "192.0.2.1:443", bare: false),
        Connects("network/resolver", "udp", _ => "192.0.2.1:53", bare: false),
        Connects("network/metadata", "tcp", _ => "169.254.169.254:80", bare: false),
        Connects("network/internet-6", "tcp", _ => "[2001:db8::1]:443", bare: false),
        Host("network/between-agents", NoNetwork, async (ground, cancellation) =>
        {
            var port = ground.Tcp.Port.ToString(CultureInfo.InvariantCulture);
            var server = ground.RunSelfAsync(["listen", port], cancellation, command => command with { Timeout = TimeSpan.FromSeconds(4) });
            var client = await ground.RunSelfAsync(["again", "tcp", $"127.0.0.1:{port}"], cancellation);
            await server;
            return client.Output.Contains("through", StringComparison.Ordinal) ? "one agent's command reached another's" : null;
        }),
    ];

    private static Attack Connects(string name, string kind, Func<AttackGround, string> place, bool bare = true) =>
        new(name, NoNetwork, async (ground, cancellation) =>
        {
            var before = ground.Hits;
            var outcome = Outcome(ground, await ground.RunSelfAsync(["connect", kind, place(ground)], cancellation));
            return ground.Hits == before ? outcome : AttackOutcome.Through("the service was reached");
        }) { WorksBare = bare };

    private static Attack Left(string name, string line) => new(name, NothingLeft, async (ground, cancellation) =>
    {
        await ground.RunAsync(line, cancellation);
        return await SleepsAsync(cancellation) ? AttackOutcome.Through("it sleeps on") : AttackOutcome.Stopped("it ended with its sandbox");
    });

    private static Attack Shell(
        string name, string promise, Func<AttackGround, string> line, bool bare = false, Func<SandboxCommand, SandboxCommand>? change = null) =>
        new(name, promise, async (ground, cancellation) => Outcome(ground, await ground.RunAsync(line(ground), cancellation, change))) { WorksBare = bare };

    private static Attack Host(string name, string promise, Func<AttackGround, CancellationToken, Task<string?>> got) =>
        new(name, promise, async (ground, cancellation) =>
            await got(ground, cancellation) is { } what ? AttackOutcome.Through(what) : AttackOutcome.Stopped("what it was after is as it was"));

    /// <summary>What a command that attacks has printed: the secret, or its own word that it is through.</summary>
    internal static AttackOutcome Outcome(AttackGround ground, SandboxResult result)
    {
        var printed = string.Concat($"{result.Output}\n{result.Error}".Select(letter => char.IsControl(letter) && letter != '\n' ? ' ' : letter));
        var lines = printed.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (lines.FirstOrDefault(line => line.Contains(ground.Secret, StringComparison.Ordinal)) is not null)
        {
            return AttackOutcome.Through("it has the secret");
        }

        return lines.FirstOrDefault(line => line.StartsWith("through: ", StringComparison.Ordinal)) is { } through
            ? AttackOutcome.Through(through["through: ".Length..])
            : AttackOutcome.Stopped(
                lines.LastOrDefault()?.Replace("stopped: ", "", StringComparison.Ordinal)
                ?? (result.ExitCode > 128 ? $"killed (exit code {result.ExitCode})" : "there is nothing of it inside"));
    }

    /// <summary>Whether one of the commands above still sleeps a moment later.</summary>
    private static async Task<bool> SleepsAsync(CancellationToken cancellation)
    {
        for (var look = 0; look < 10; look++)
        {
            if ((await ReadAsync("pgrep", ["-fx", "sleep 97"], cancellation)).Length == 0)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
        }

        return true;
    }

    private static async Task<string> ReadAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return output;
    }
}

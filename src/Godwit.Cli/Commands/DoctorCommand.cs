using System.CommandLine;
using System.Diagnostics;
using Godwit.Cli.Attacks;
using Godwit.Identity;
using Godwit.Models;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Sandbox;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit doctor</c>: says what this machine has and lacks, and how to mend it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var models = new Option<bool>("--models")
        {
            Description = "Make one small call of each role's models instead; it costs what they cost.",
        };
        var attack = new Option<bool>("--attack")
        {
            Description = "Try to break each promise of docs/security.md on this machine instead, with fakes as targets; takes a minute.",
        };
        var json = CommandGuard.JsonOption();
        var command = new Command("doctor", "Say what this machine has and lacks, and how to mend it.") { models, attack, json };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(attack) && parsed.GetValue(models))
            {
                throw new UsageException("--attack and --models are two examinations; give one of them");
            }

            if (parsed.GetValue(attack))
            {
                return await AttackAsync(parsed.GetValue(json), cancellation);
            }

            var store = RunStore.OfUser();
            var findings = parsed.GetValue(models)
                ? await ModelExamination.CallAsync(
                    ModelCatalogue.Load(File.Exists(store.Models) ? [store.Models] : []), store.Models, cancellation)
                : await ExamineAsync(cancellation);
            if (parsed.GetValue(json))
            {
                CommandGuard.PrintJson(findings);
            }
            else
            {
                foreach (var finding in findings)
                {
                    Console.WriteLine($"{(finding.Ok ? "ok     " : "missing")} {finding.What}: {finding.Detail}");
                    if (finding.Mend is not null)
                    {
                        Console.WriteLine($"        {finding.Mend}");
                    }
                }
            }

            return findings.All(finding => finding.Ok) ? ExitCode.Ok : ExitCode.Unavailable;
        });
        return command;
    }

    private static async Task<ExitCode> AttackAsync(bool json, CancellationToken cancellation)
    {
        var reports = new List<AttackReport>();
        await foreach (var report in AttackSuite.RunAsync(AttackSuite.All, SandboxKind.Bubblewrap, cancellation))
        {
            reports.Add(report);
            if (!json)
            {
                var word = report.Outcome.Verdict switch { AttackVerdict.Stopped => "stopped", AttackVerdict.Through => "THROUGH", _ => "not held" };
                Console.WriteLine($"{word,-8} {report.Name,-32} {report.Outcome.By}");
            }
        }

        int Count(AttackVerdict verdict) => reports.Count(report => report.Outcome.Verdict == verdict);
        if (json)
        {
            CommandGuard.PrintJson(reports);
        }
        else
        {
            Console.WriteLine(
                $"{reports.Count} attacks: {Count(AttackVerdict.Stopped)} stopped, {Count(AttackVerdict.Through)} got through, " +
                $"{Count(AttackVerdict.NotHeld)} by what this machine is known not to hold");
        }

        return Count(AttackVerdict.Through) == 0 ? ExitCode.Ok : ExitCode.NotAsExpected;
    }

    private static async Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken cancellation)
    {
        var store = RunStore.OfUser();
        List<Finding> findings =
        [
            await ToolAsync("git", ["--version"], "apt-get install git", cancellation),
            await ToolAsync("bwrap", ["--version"], "apt-get install bubblewrap", cancellation),
            await ToolAsync("setpriv", ["--version"], "apt-get install util-linux", cancellation),
            await ToolAsync(
                "shfmt", ["--version"], "apt-get install shfmt, or agents' command lines of more than plain words are asked about", cancellation),
            await SandboxAsync(store, cancellation),
            Limits(store),
            Key(store),
            new Finding(
                "processors", Environment.ProcessorCount > 1, $"{Environment.ProcessorCount}",
                Environment.ProcessorCount > 1 ? null : "with one processor, Godwit and what it measures disturb each other"),
            Disk(store),
        ];
        return findings;
    }

    private static async Task<Finding> ToolAsync(string tool, string[] arguments, string install, CancellationToken cancellation)
    {
        try
        {
            using var process = Process.Start(
                new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var version = await process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return new Finding(tool, process.ExitCode == 0, version.Trim().Split('\n')[0], null);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new Finding(tool, false, "not found", $"{(SandboxRunner.IsRoot ? "" : "sudo ")}{install}");
        }
    }

    private static async Task<Finding> SandboxAsync(RunStore store, CancellationToken cancellation)
    {
        var tree = Directory.CreateTempSubdirectory("godwit-doctor-");
        using var host = new SandboxRunner(SandboxKind.Bubblewrap, store.SandboxAssets, TimeProvider.System);
        try
        {
            Workspaces.FileSystem.Own(tree.FullName, host.OwnerOfFiles);
            var result = await host.RunAsync(
                new SandboxCommand { Shell = "touch made && id -u", Tree = tree.FullName, Timeout = TimeSpan.FromSeconds(20) },
                cancellation);
            return result.ExitCode == 0
                ? new Finding("sandbox", true, host.Describe(), null)
                : new Finding("sandbox", false, $"{result.Error.Trim()} {result.Output.Trim()}", Mend(result.Error));
        }
        catch (Exception error) when (error is SandboxException or System.ComponentModel.Win32Exception)
        {
            return new Finding("sandbox", false, error.Message, Mend(error.Message));
        }
        finally
        {
            tree.Delete(recursive: true);
        }
    }

    /// <summary>What commands aren't held to here: nothing that keeps a run from starting, and something to know before it does.</summary>
    private static Finding Limits(RunStore store)
    {
        using var host = new SandboxRunner(SandboxKind.Bubblewrap, store.SandboxAssets, TimeProvider.System);
        var notHeld = host.NotHeld;
        var held = new[] { SandboxRunner.Memory, SandboxRunner.Processes, "time", "output" }.Where(limit => !notHeld.ContainsKey(limit));
        return new Finding(
            "limits", true, $"{string.Join(", ", held)}; and none for {string.Join(", ", notHeld.Keys)}", string.Join("\n        ", notHeld.Values));
    }

    /// <summary>What keeps bubblewrap from working, from what the kernel says of itself.</summary>
    private static string Mend(string error)
    {
        if (error.Contains("No such file", StringComparison.Ordinal))
        {
            return "install bubblewrap and util-linux";
        }

        if (Read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
        {
            return "AppArmor keeps users from making user namespaces: sudo sysctl " +
            "kernel.apparmor_restrict_unprivileged_userns=0, or give bwrap an AppArmor profile that allows userns";
        }

        if (Read("/proc/sys/kernel/unprivileged_userns_clone") == "0" || Read("/proc/sys/user/max_user_namespaces") == "0")
        {
            return "user namespaces are off: sudo sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000";
        }

        if (File.Exists("/.dockerenv") || File.Exists("/run/.containerenv"))
        {
            return "this is a container that may not make namespaces: start it with --security-opt seccomp=unconfined " +
            "--security-opt systempaths=unconfined --cap-add SYS_ADMIN, or run Godwit outside";
        }

        return "without a sandbox, 'godwit run --sandbox none' runs candidates unprotected, and the evidence says so";
    }

    private static string? Read(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : null;

    private static Finding Key(RunStore store)
    {
        try
        {
            using SigningKey key = store.VerifierKey();
            return new Finding(
                "verifier key", true,
                $"{key.Public.KeyId} in {store.Home}; others accept it with 'godwit verify FILE --key {key.Public.KeyId}'", null);
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return new Finding("verifier key", false, error.Message, null);
        }
    }

    private static Finding Disk(RunStore store)
    {
        var drive = new DriveInfo(store.Home);
        var free = drive.AvailableFreeSpace / (1L << 20);
        return new Finding(
            "disk", free > 500, $"{free} MiB free for {store.Home} ({drive.DriveFormat})",
            free > 500 ? null : "free some space, or set GODWIT_HOME to another disk");
    }
}

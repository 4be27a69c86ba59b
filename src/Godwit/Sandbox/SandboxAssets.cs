namespace Godwit.Sandbox;

/// <summary>The files that every sandbox of a host is given.</summary>
/// <param name="Passwd">The users inside.</param>
/// <param name="Group">The groups inside.</param>
/// <param name="Hosts">The names inside.</param>
/// <param name="NameService">How names are looked up.</param>
/// <param name="Seccomp">The filter of commands; null where this machine has none.</param>
/// <param name="SeccompDebugging">The filter of commands in which debuggers work; null where this machine has none.</param>
internal sealed record SandboxAssets(
    string Passwd, string Group, string Hosts, string NameService, string? Seccomp, string? SeccompDebugging)
{
    /// <summary>Who a command is inside, where Godwit runs as an ordinary user.</summary>
    public const int UserId = 1000;

    /// <summary>Who a command is on the host, where Godwit runs as root: an account that owns nothing else.</summary>
    public const int HostUserId = 61_000;

    /// <summary>Who a command of the harness is on the host, where Godwit runs as root.</summary>
    public const int HarnessUserId = 61_001;

    public static SandboxAssets Write(string folder, string home)
    {
        Directory.CreateDirectory(folder);
        var assets = new SandboxAssets(
            Path.Combine(folder, "passwd"), Path.Combine(folder, "group"), Path.Combine(folder, "hosts"),
            Path.Combine(folder, "nsswitch.conf"), Path.Combine(folder, "seccomp.bpf"),
            Path.Combine(folder, "seccomp-debugging.bpf"));
        Replace(
            assets.Passwd,
            $"root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:{UserId}:{UserId}:agent:{home}:/bin/sh\nagent:x:{HostUserId}:" +
            $"{HostUserId}:agent:{home}:/bin/sh\nharness:x:{HarnessUserId}:{HarnessUserId}:harness:{home}:/bin/sh\n");
        Replace(assets.Group, $"root:x:0:\nagent:x:{UserId}:\nagent:x:{HostUserId}:\nharness:x:{HarnessUserId}:\n");
        Replace(assets.Hosts, "127.0.0.1 localhost godwit\n::1 localhost ip6-localhost ip6-loopback\n");
        Replace(assets.NameService, "passwd: files\ngroup: files\nhosts: files dns\n");
        if (SeccompFilter.Build(debugging: false) is not { } program)
        {
            return assets with { Seccomp = null, SeccompDebugging = null };
        }

        Replace(assets.Seccomp!, program);
        Replace(assets.SeccompDebugging!, SeccompFilter.Build(debugging: true)!);
        return assets;
    }

    private static void Replace(string path, string content) => Replace(path, System.Text.Encoding.UTF8.GetBytes(content));

    /// <summary>Another godwit may be reading the file: it sees the old one or the new one.</summary>
    private static void Replace(string path, byte[] content)
    {
        if (File.Exists(path) && File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
        {
            return;
        }

        var temporary = $"{path}.{Environment.ProcessId}";
        File.WriteAllBytes(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }
}

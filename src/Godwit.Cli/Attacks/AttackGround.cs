using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Godwit.Durable.Journal;
using Godwit.Runs;
using Godwit.Sandbox;
using Godwit.Workspaces;

namespace Godwit.Cli.Attacks;

/// <summary>
/// What attacks are after: a secret in every place where one could lie, and fakes that notice whoever reaches them. All of it is on this
/// machine, and goes with it.
/// </summary>
internal sealed partial class AttackGround : IAsyncDisposable
{
    private const string Variable = "GODWIT_ATTACK_SECRET";
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("godwit-attack-");
    private readonly List<IDisposable> _open = [];
    private readonly Process _witness;
    private readonly FileStream _secretFile;
    private readonly int _inherited;
    private int _hits;

    public AttackGround(SandboxKind kind)
    {
        Secret = $"secret{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12))}";
        Environment.SetEnvironmentVariable(Variable, Secret);
        _secretFile = new FileStream(Path.Combine(_root.FullName, "open"), FileMode.Create);
        Store = new RunStore(Path.Combine(_root.FullName, "store"));
        Directory.CreateDirectory(Store.Home);

        // As a shell leaves them that started this program: open, and for every child to have.
        _inherited = Duplicate((int)_secretFile.SafeFileHandle.DangerousGetHandle());
        Sandbox = new SandboxRunner(kind, Path.Combine(_root.FullName, "assets"), TimeProvider.System);
        InHome = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), $".godwit-attack-{Secret[6..14]}");
        File.WriteAllText(InHome, Secret);
        RunFolder = new RunFolder(Path.Combine(Store.Home, "runs", "victim"));
        Directory.CreateDirectory(RunFolder.Path);
        File.WriteAllText(Path.Combine(RunFolder.Path, "run.key"), Secret);
        Clone = new RunRepository(RunFolder.Repository);
        OtherTree = Directory.CreateDirectory(Path.Combine(RunFolder.Trees, "agent-other")).FullName;
        File.WriteAllText(Path.Combine(OtherTree, "notes.txt"), Secret);
        FileSystem.OwnAll(OtherTree, Sandbox.OwnerOfFiles);

        // A process of this user, with the secret in its command line and its environment.
        _witness = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 600", Secret]) { Environment = { [Variable] = Secret } })!;
        Tcp = ListenTcp();
        AbstractName = Path.GetFileName(_root.FullName);
        ListenUnix($"\0{AbstractName}");
        UnixPath = Path.Combine(_root.FullName, "service");
        ListenUnix(UnixPath);
        File.SetUnixFileMode(UnixPath, (UnixFileMode)0b110_110_110);
    }

    /// <summary>What no attack may see.</summary>
    public string Secret { get; }

    public SandboxRunner Sandbox { get; }

    public RunStore Store { get; }

    /// <summary>A file in the user's home that holds the secret.</summary>
    public string InHome { get; }

    /// <summary>A run that the attacker has no part in.</summary>
    public RunFolder RunFolder { get; }

    /// <summary>The tree of another agent.</summary>
    public string OtherTree { get; }

    /// <summary>A service of this machine's loopback.</summary>
    public IPEndPoint Tcp { get; }

    /// <summary>A service of this machine on a socket without a file.</summary>
    public string AbstractName { get; }

    /// <summary>A service of this machine on a socket that is a file.</summary>
    public string UnixPath { get; }

    /// <summary>How often somebody has reached one of the services.</summary>
    public int Hits => Volatile.Read(ref _hits);

    /// <summary>The process that holds the secret.</summary>
    public int Witness => _witness.Id;

    /// <summary>Whether it still runs.</summary>
    public bool IsWitnessAlive => !_witness.HasExited;

    /// <summary>The clone of the run that attacks are part of.</summary>
    public RunRepository Clone { get; }

    /// <summary>The commit and tree that agents start from.</summary>
    public async Task<(string Commit, string Tree)> BaseAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(Clone.Path))
        {
            var user = NewFolder();
            await File.WriteAllTextAsync(Path.Combine(user, "readme.txt"), "plain\n", cancellation);
            await Clone.CloneAsync(await SourceRepository.FindAsync(user, cancellation), "HEAD", cancellation);
        }

        var commit = (await Git.RunAsync(Clone.Path, ["rev-parse", "refs/godwit/base"], cancellation)).Trim();
        return (commit, await Clone.TreeAsync(commit, cancellation));
    }

    /// <summary>An empty folder that a command may change.</summary>
    public string NewTree()
    {
        var tree = Directory.CreateDirectory(Path.Combine(_root.FullName, $"tree-{Guid.NewGuid():N}")).FullName;
        FileSystem.OwnAll(tree, Sandbox.OwnerOfFiles);
        return tree;
    }

    /// <summary>A folder of the attack's own, outside of any sandbox.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(_root.FullName, $"folder-{Guid.NewGuid():N}")).FullName;

    /// <summary>Runs a line as an agent's.</summary>
    public Task<SandboxResult> RunAsync(string shell, CancellationToken cancellation, Func<SandboxCommand, SandboxCommand>? change = null)
    {
        var command = new SandboxCommand { Shell = shell, Tree = NewTree(), Timeout = TimeSpan.FromSeconds(20) };
        return Sandbox.RunAsync(change?.Invoke(command) ?? command, cancellation);
    }

    /// <summary>Runs a part of this program as an agent's command.</summary>
    public Task<SandboxResult> RunSelfAsync(
        IEnumerable<string> arguments, CancellationToken cancellation, Func<SandboxCommand, SandboxCommand>? change = null)
    {
        var relay = SandboxDoors.Relay;
        return RunAsync($"exec {ShellWords.Line([relay.Line[0], "attack", .. arguments])}", cancellation, command =>
        {
            command = command with { Read = relay.Read, Environment = relay.Environment };
            return change?.Invoke(command) ?? command;
        });
    }

    /// <summary>Listens on this machine's loopback, and counts who comes.</summary>
    public IPEndPoint ListenTcp()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _open.Add(listener);
        _ = CountAsync(listener.AcceptSocketAsync);
        return (IPEndPoint)listener.LocalEndpoint;
    }

    public async ValueTask DisposeAsync()
    {
        Environment.SetEnvironmentVariable(Variable, null);
        _witness.Kill(entireProcessTree: true);
        await _witness.WaitForExitAsync();
        _witness.Dispose();
        foreach (var open in _open)
        {
            open.Dispose();
        }

        Sandbox.Dispose();
        _secretFile.Dispose();
        _ = Close(_inherited);
        File.Delete(InHome);
        FileSystem.DeleteAll(_root.FullName);
    }

    [LibraryImport("libc", EntryPoint = "dup")]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    private void ListenUnix(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen();
        _open.Add(socket);
        _ = CountAsync(socket.AcceptAsync);
    }

    private async Task CountAsync(Func<Task<Socket>> accept)
    {
        try
        {
            while (true)
            {
                using var came = await accept();
                Interlocked.Increment(ref _hits);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }
}

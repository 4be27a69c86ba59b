using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Godwit.Cli.Attacks;

/// <summary>
/// Calls to the kernel that a sandboxed command tries, by number in arch/x86/entry/syscalls/syscall_64.tbl; each says how the kernel
/// answered. They run inside of the sandbox, as what any program there could do.
/// </summary>
internal static partial class KernelAttacks
{
    private const int NewUser = 0x10000000; // CLONE_NEWUSER
    private const int PushInput = 0x5412; // TIOCSTI
    private const int AttachTo = 16; // PTRACE_ATTACH

    /// <summary>The calls, and for each whether it did what it shouldn't.</summary>
    public static readonly IReadOnlyDictionary<string, Func<long>> Calls = new Dictionary<string, Func<long>>(StringComparer.Ordinal)
    {
        ["mount"] = () => Call(165, Text("none"), Text("/tmp"), Text("tmpfs"), 0, 0, 0),
        ["remount"] = () => Call(165, Text("none"), Text("/usr"), Text("none"), 0x1020, 0, 0), // MS_REMOUNT | MS_BIND, writable
        ["umount"] = () => Call(166, Text("/usr"), 2, 0, 0, 0, 0),
        ["open_tree"] = () => Call(428, -100, Text("/"), 1, 0, 0, 0),
        ["fsopen"] = () => Call(430, Text("tmpfs"), 0, 0, 0, 0, 0),
        ["pivot_root"] = () => Call(155, Text("/tmp"), Text("/tmp"), 0, 0, 0, 0),
        ["chroot"] = () => Call(161, Text("/tmp"), 0, 0, 0, 0, 0),
        ["unshare"] = () => Call(272, NewUser, 0, 0, 0, 0, 0),
        ["setns"] = () => Call(308, Open("/proc/self/ns/net"), 0, 0, 0, 0, 0),
        ["clone"] = () => CloneInNewNamespace(),
        ["clone3"] = () => Call(435, Zeroes(88), 88, 0, 0, 0, 0),
        ["io_uring"] = () => Call(425, 8, Zeroes(120), 0, 0, 0, 0),
        ["bpf"] = () => Call(321, 0, Zeroes(128), 128, 0, 0, 0),
        ["userfaultfd"] = () => Call(323, 0, 0, 0, 0, 0, 0),
        ["keyctl"] = () => Call(250, 0, -3, 1, 0, 0, 0),
        ["add_key"] = () => Call(248, Text("user"), Text("godwit"), Text("x"), 1, -3, 0),
        ["kexec_load"] = () => Call(246, 0, 0, 0, 0, 0, 0),
        ["init_module"] = () => Call(175, Zeroes(16), 16, Text(""), 0, 0, 0),
        ["open_by_handle_at"] = () => Call(304, -100, Zeroes(160), 0, 0, 0, 0),
        ["syslog"] = () => Call(103, 3, Zeroes(4096), 4096, 0, 0, 0),
        ["swapon"] = () => Call(167, Text("/ws/x"), 0, 0, 0, 0, 0),
        ["acct"] = () => Call(163, Text("/ws/x"), 0, 0, 0, 0, 0),
        ["iopl"] = () => Call(172, 3, 0, 0, 0, 0, 0),
        ["settimeofday"] = () => Call(164, Zeroes(16), 0, 0, 0, 0, 0),
        ["sethostname"] = () => Call(170, Text("owned"), 5, 0, 0, 0, 0),
        ["setuid"] = () => Call(105, 0, 0, 0, 0, 0, 0),
        ["setgroups"] = () => Call(116, 0, 0, 0, 0, 0, 0),
        ["mknod"] = () => Call(133, Text("/ws/memory"), 0x2000 | 0x1B6, 0x101, 0, 0, 0), // S_IFCHR, /dev/mem
        ["ptrace_outside"] = () => Call(101, AttachTo, Parent(), 0, 0, 0, 0),
        ["kill_all_outside"] = () => Call(62, Parent(), 0, 0, 0, 0, 0),
        ["setpriority"] = () => Call(141, 0, 0, -10, 0, 0, 0),
        ["raw_socket"] = () => Call(41, 2, 3, 1, 0, 0, 0), // AF_INET, SOCK_RAW, ICMP
        ["packet_socket"] = () => Call(41, 17, 3, 0x0300, 0, 0, 0), // AF_PACKET
        ["vsock"] = () => Call(41, 40, 1, 0, 0, 0, 0), // AF_VSOCK: to the machine below this one, past every network namespace
        ["crypto_socket"] = () => Call(41, 38, 5, 0, 0, 0, 0), // AF_ALG
        ["bluetooth"] = () => Call(41, 31, 3, 1, 0, 0, 0), // AF_BLUETOOTH
        ["inject_input"] = () => Call(16, 0, PushInput, Text("x"), 0, 0, 0),
        ["inject_input_high"] = () => Call(16, 0, (1L << 32) | PushInput, Text("x"), 0, 0, 0),
        ["x32"] = () => Call(0x40000000L + 165, Text("none"), Text("/tmp"), Text("tmpfs"), 0, 0, 0),
    };

    /// <summary>Tries one; prints <c>through</c>, or how the kernel answered.</summary>
    public static int Try(string name)
    {
        var result = Calls[name]();
        var refused = new System.ComponentModel.Win32Exception(Marshal.GetLastPInvokeError()).Message;
        Console.WriteLine(result >= 0 ? $"through: it returned {result}" : $"stopped: {refused}");
        return 0;
    }

    private static long CloneInNewNamespace()
    {
        // A child that shares nothing and ends at once would need assembly; a new namespace is refused before anything is copied.
        var child = Call(56, NewUser | 17, 0, 0, 0, 0, 0);
        if (child == 0)
        {
            Call(231, 0, 0, 0, 0, 0, 0);
        }

        return child;
    }

    private static long Parent() =>
        long.TryParse(File.ReadAllText("/proc/1/stat").Split(' ')[3], NumberStyles.Integer, CultureInfo.InvariantCulture, out var parent)
        && parent > 0 ? parent : 4_000_000;

    private static long Open(string path) => Call(2, Text(path), 0, 0, 0, 0, 0);

    private static long Text(string text) => Marshal.StringToCoTaskMemUTF8(text);

    private static long Zeroes(int length)
    {
        var place = Marshal.AllocHGlobal(length);
        Marshal.Copy(new byte[length], 0, place, length);
        return place;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Call(long number, long one, long two, long three, long four, long five, long six);
}

using System.Buffers.Binary;

namespace Godwit.Sandbox;

/// <summary>
/// The classic BPF program that bubblewrap loads (seccomp(2), linux/seccomp.h, linux/filter.h): what no build, check or
/// measurement needs and what has been a way out of sandboxes is refused. x86-64 only; other machines go without.
/// </summary>
internal static class SeccompFilter
{
    private const uint ArchitectureX64 = 0xC000003E; // AUDIT_ARCH_X86_64
    private const uint X32Bit = 0x40000000; // __X32_SYSCALL_BIT
    private const uint Allow = 0x7fff0000; // SECCOMP_RET_ALLOW
    private const uint Refuse = 0x00050000; // SECCOMP_RET_ERRNO
    private const uint Kill = 0x80000000; // SECCOMP_RET_KILL_PROCESS
    private const uint NotPermitted = 1; // EPERM
    private const uint NotImplemented = 38; // ENOSYS
    private const uint Clone = 56;
    private const uint Ioctl = 16;
    private const uint Socket = 41;
    private const uint NoSuchFamily = 97; // EAFNOSUPPORT
    private const uint NamespaceFlags = 0x7e020080; // CLONE_NEW{USER,PID,NET,IPC,UTS,CGROUP,NS,TIME}
    private const uint PushInput = 0x5412; // TIOCSTI

    // Answered with EPERM, by number in arch/x86/entry/syscalls/syscall_64.tbl.
    private static readonly uint[] Refused =
    [
        103, // syslog
        134, // uselib
        139, // sysfs
        155, 161, // pivot_root, chroot
        163, // acct
        164, 227, 159, 305, // settimeofday, clock_settime, adjtimex, clock_adjtime
        165, 166, // mount, umount2
        167, 168, // swapon, swapoff
        169, // reboot
        172, 173, // iopl, ioperm
        175, 176, 313, // init_module, delete_module, finit_module
        179, 443, // quotactl, quotactl_fd
        246, 320, // kexec_load, kexec_file_load
        248, 249, 250, // add_key, request_key, keyctl
        272, 308, // unshare, setns
        303, 304, // name_to_handle_at, open_by_handle_at
        321, // bpf
        323, // userfaultfd
        428, 429, 430, 431, 432, 433, 442, // the mount API
    ];

    // What gdb, strace and perf need. It reaches the processes of the same sandbox alone, and none of them can be made to do what the
    // filter refuses; but it is a large part of the kernel, so nobody else has it.
    private static readonly uint[] Debugging = [101, 298, 310, 311]; // ptrace, perf_event_open, process_vm_readv, process_vm_writev

    // Answered with ENOSYS, which libraries take as an old kernel: clone3 hides its flags behind a pointer.
    private static readonly uint[] Unknown = [435, 425, 426, 427]; // clone3, io_uring_*

    /// <summary>The program, or null where this machine's calls have other numbers.</summary>
    /// <param name="debugging">Whether debuggers, tracers and profilers work under it.</param>
    public static byte[]? Build(bool debugging)
    {
        if (System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture != System.Runtime.InteropServices.Architecture.X64)
        {
            return null;
        }

        var program = new List<(ushort Code, byte True, byte False, uint Value)>
        {
            (0x20, 0, 0, 4), // load the architecture
            (0x15, 1, 0, ArchitectureX64),
            (0x06, 0, 0, Kill),
            (0x20, 0, 0, 0), // load the call's number
            (0x35, 0, 1, X32Bit),
            (0x06, 0, 0, Refuse | NotImplemented),
        };
        foreach (var call in debugging ? Refused : Refused.Concat(Debugging))
        {
            program.Add((0x15, 0, 1, call));
            program.Add((0x06, 0, 0, Refuse | NotPermitted));
        }

        foreach (var call in Unknown)
        {
            program.Add((0x15, 0, 1, call));
            program.Add((0x06, 0, 0, Refuse | NotImplemented));
        }

        // Unix, IPv4, IPv6, and netlink, which lists interfaces. Others are seldom of use, and some, such as vsock to the machine below
        // this one, are in no network namespace.
        program.AddRange(
        [
            (0x15, 0, 7, Socket),
            (0x20, 0, 0, 16), // its first argument: the family
            (0x15, 4, 0, 1),
            (0x15, 3, 0, 2),
            (0x15, 2, 0, 10),
            (0x15, 1, 0, 16),
            (0x06, 0, 0, Refuse | NoSuchFamily),
            (0x06, 0, 0, Allow),
            (0x15, 0, 3, Clone),
            (0x20, 0, 0, 16), // its first argument, low half: the flags
            (0x45, 0, 6, NamespaceFlags),
            (0x06, 0, 0, Refuse | NotPermitted),
            (0x15, 0, 4, Ioctl),
            (0x20, 0, 0, 24), // its second argument, low half: the request
            (0x15, 0, 2, PushInput),
            (0x06, 0, 0, Refuse | NotPermitted),
            (0x06, 0, 0, Allow),
            (0x06, 0, 0, Allow),
        ]);

        var bytes = new byte[program.Count * 8];
        for (var index = 0; index < program.Count; index++)
        {
            var (code, isTrue, isFalse, value) = program[index];
            var target = bytes.AsSpan(index * 8);
            BinaryPrimitives.WriteUInt16LittleEndian(target, code);
            target[2] = isTrue;
            target[3] = isFalse;
            BinaryPrimitives.WriteUInt32LittleEndian(target[4..], value);
        }

        return bytes;
    }
}

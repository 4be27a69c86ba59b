using System.Globalization;
using System.Runtime.InteropServices;

namespace Godwit.Sandbox;

/// <summary>
/// Descriptors that this process was started with, such as a terminal's or another program's pipes. A child gets whatever isn't marked, and
/// a sandbox hands it on to its command.
/// </summary>
internal static partial class Descriptors
{
    private const int SetFlags = 2; // F_SETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC
    private const int StandardError = 2;

    /// <summary>Marks all but standard input, output and error, so that no child has them. The runtime marks its own.</summary>
    public static void MarkCloseOnExec()
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var descriptor) && descriptor > StandardError)
            {
                _ = Control(descriptor, SetFlags, CloseOnExec);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int value);
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Godwit.Workspaces;

/// <summary>What the kernel says of a file without following a link. A program can set the other times; the change time it can't.</summary>
internal readonly record struct FileFacts(ulong Inode, long Size, long ChangedSeconds, uint ChangedNanoseconds, ushort Mode)
{
    public bool IsDirectory => (Mode & 0xF000) == 0x4000;

    public bool IsRegular => (Mode & 0xF000) == 0x8000;
}

/// <summary>The few file calls that .NET lacks.</summary>
internal static partial class FileSystem
{
    private const int CurrentFolder = -100; // AT_FDCWD
    private const int NoFollow = 0x100; // AT_SYMLINK_NOFOLLOW
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH

    // asm-generic/fcntl.h, and linux/openat2.h: RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS.
    private const int WriteOnly = 0x1;
    private const int Create = 0x40;
    private const int Truncate = 0x200;
    private const int NonBlocking = 0x800;
    private const int PathOnly = 0x200000;
    private const int CloseOnExec = 0x80000;
    private const ulong Beneath = 0x08;
    private const ulong NoLinks = 0x04 | 0x02;
    private const long OpenAt2Call = 437;

    // ELOOP, EXDEV, ENXIO of a pipe that nobody reads, EISDIR.
    private const int TooManyLinks = 40;
    private const int OtherDevice = 18;
    private const int NoReader = 6;
    private const int IsFolder = 21;

    /// <summary>Facts of a path, or null where there is nothing.</summary>
    public static FileFacts? Facts(string path) => Facts(CurrentFolder, path, NoFollow);

    private static FileFacts? Facts(SafeFileHandle file) => Facts((int)file.DangerousGetHandle(), "", EmptyPath);

    private static FileFacts? Facts(int folder, string path, int flags)
    {
        Span<byte> buffer = stackalloc byte[256]; // struct statx of linux/stat.h
        if (StatX(folder, path, flags, 0x7ff, buffer) != 0)
        {
            return null;
        }

        return new FileFacts(
            BinaryPrimitives.ReadUInt64LittleEndian(buffer[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(buffer[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(buffer[96..]),
            BinaryPrimitives.ReadUInt32LittleEndian(buffer[104..]),
            BinaryPrimitives.ReadUInt16LittleEndian(buffer[28..]));
    }

    /// <summary>Deletes a folder with all in it; folders that a program has made read-only too, and names that are no text.</summary>
    /// <exception cref="IOException">It can't be deleted.</exception>
    public static void DeleteAll(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is UnauthorizedAccessException or IOException)
        {
            // A name that isn't UTF-8 is one that .NET can list, and neither open nor delete.
            using var remove = Process.Start("/bin/sh", ["-c", "chmod -R u+rwx -- \"$1\" 2>/dev/null; rm -rf -- \"$1\"", "sh", folder]);
            remove.WaitForExit();
            if (Directory.Exists(folder))
            {
                throw;
            }
        }
    }

    /// <summary>Deletes what is at a path, be it a file, a link or a folder with all in it; nothing where there is nothing.</summary>
    public static void Remove(string path)
    {
        switch (Facts(path))
        {
            case null:
                return;
            case { IsDirectory: true }:
                DeleteAll(path);
                return;
            default:
                File.Delete(path);
                return;
        }
    }

    /// <summary>Gives a path, not what it links to, to a user; -1 leaves it.</summary>
    public static void Own(string path, int owner)
    {
        if (owner >= 0 && ChangeOwner(path, (uint)owner, (uint)owner) != 0)
        {
            throw new IOException($"{path} could not be given to user {owner} (errno {Marshal.GetLastPInvokeError()})");
        }
    }

    /// <summary>Gives a folder and all in it to a user; -1 leaves it.</summary>
    public static void OwnAll(string folder, int owner)
    {
        if (owner < 0)
        {
            return;
        }

        Own(folder, owner);
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            // .NET's own recursion goes through links, and what they lead to isn't in the folder.
            if (entry is DirectoryInfo && Facts(entry.FullName) is { IsDirectory: true })
            {
                OwnAll(entry.FullName, owner);
            }
            else if (Facts(entry.FullName) is not null)
            {
                Own(entry.FullName, owner);
            }
        }
    }

    /// <summary>Whether all folders above a file are folders, and none is a link, from a folder that is one.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="file">The file, from there, with slashes.</param>
    public static bool IsReallyBelow(string root, string file)
    {
        for (var slash = file.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = file.IndexOf('/', slash + 1))
        {
            if (Facts(Path.Combine(root, file[..slash])) is not { IsDirectory: true })
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Opens a plain file below a folder, by one call of the kernel that goes through no link and never out of it (openat2(2)): what a
    /// program changes meanwhile can't lead elsewhere.
    /// </summary>
    /// <param name="root">The folder.</param>
    /// <param name="file">The file, from there, with slashes.</param>
    /// <param name="forWriting">Whether it is made where it isn't there, and emptied.</param>
    /// <returns>The file; null where something else is there, or the way to it has a link.</returns>
    /// <exception cref="IOException">It can't be opened for another reason.</exception>
    public static FileStream? OpenBeneath(string root, string file, bool forWriting = false)
    {
        var directory = Open(root, PathOnly | CloseOnExec);
        if (directory < 0)
        {
            throw new IOException($"{root} can't be opened (errno {Marshal.GetLastPInvokeError()})");
        }

        using var from = new SafeFileHandle(directory, ownsHandle: true);
        Span<ulong> how = [(ulong)(CloseOnExec | NonBlocking | (forWriting ? WriteOnly | Create | Truncate : 0)), forWriting ? 0x1B6UL : 0, Beneath | NoLinks];
        var descriptor = OpenAt2(OpenAt2Call, directory, file, how, how.Length * sizeof(ulong));
        if (descriptor < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            return error is TooManyLinks or OtherDevice or NoReader or IsFolder
                ? null : throw new IOException($"{file} can't be opened: {Marshal.GetPInvokeErrorMessage(error)}");
        }

        var handle = new SafeFileHandle((nint)descriptor, ownsHandle: true);
        if (Facts(handle) is { IsRegular: true })
        {
            return new FileStream(handle, forWriting ? FileAccess.Write : FileAccess.Read);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>Writes all that is in memory of the file system that a path is on: what a measurement writes isn't mixed with it.</summary>
    public static void SyncAll() => Sync();

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, Span<byte> buffer);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial long OpenAt2(long call, int folder, string path, Span<ulong> how, long size);

    [LibraryImport("libc", EntryPoint = "lchown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int ChangeOwner(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();
}

namespace Godwit.Server;

/// <summary>Sockets that sandboxes are given, in which commands are other users.</summary>
internal static class SharedSocket
{
    private const UnixFileMode Everyone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    /// <summary>Lets whoever can reach it connect; the folders above it say who can.</summary>
    public static void Open(string socket) => File.SetUnixFileMode(socket, Everyone);
}

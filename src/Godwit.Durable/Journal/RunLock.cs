namespace Godwit.Durable.Journal;

/// <summary>The lock of a run's owner. The kernel drops it when the owner dies, however it dies.</summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream _file;

    private RunLock(FileStream file) => _file = file;

    public static RunLock Take(RunFolder folder)
    {
        try
        {
            // FileShare.None is an exclusive flock on Unix.
            var file = new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            using var writer = new StreamWriter(file, leaveOpen: true);
            writer.WriteLine(Environment.ProcessId);
            writer.Flush();
            return new RunLock(file);
        }
        catch (IOException) when (IsHeld(folder))
        {
            throw new RunOwnedException($"run {folder.Id} is owned by another process") { Run = folder.Id };
        }
    }

    public static bool IsHeld(RunFolder folder)
    {
        if (!File.Exists(folder.Lock))
        {
            return false;
        }

        try
        {
            using var probe = new FileStream(folder.Lock, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _file.Dispose();
}

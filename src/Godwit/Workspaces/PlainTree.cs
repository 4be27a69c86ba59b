namespace Godwit.Workspaces;

/// <summary>
/// A plain folder that is kept equal to a pristine one: only what was changed since the last time is put back. Links are
/// never followed, and nothing that ran in the tree is alive when it is reset.
/// </summary>
/// <param name="path">The folder.</param>
/// <param name="owner">The user that its files belong to; -1 for the one Godwit runs as.</param>
internal sealed class PlainTree(string path, int owner)
{
    private readonly Dictionary<string, FileFacts> _known = new(StringComparer.Ordinal);
    private string? _pristine;

    public string Path => path;

    /// <summary>Makes the tree what the pristine folder is, with some files laid over it.</summary>
    /// <param name="pristine">The folder to be like; it never changes.</param>
    /// <param name="overlay">Path and content of files laid over; null deletes.</param>
    public void Reset(string pristine, IReadOnlyDictionary<string, byte[]?> overlay)
    {
        if (_pristine != pristine)
        {
            if (Directory.Exists(path))
            {
                FileSystem.DeleteAll(path);
            }

            _known.Clear();
            _pristine = pristine;
        }

        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(path);
            FileSystem.Own(path, owner);
        }

        var wanted = new HashSet<string>(StringComparer.Ordinal);
        CopyFolder("", wanted);
        if (!RemoveRest("", wanted))
        {
            // A name that isn't UTF-8 can't be named: it goes with all the rest.
            FileSystem.DeleteAll(path);
            _pristine = null;
            Reset(pristine, overlay);
            return;
        }

        foreach (var (file, content) in overlay)
        {
            Lay(file, content);
        }
    }

    private void CopyFolder(string folder, HashSet<string> wanted)
    {
        foreach (var entry in new DirectoryInfo(System.IO.Path.Combine(_pristine!, folder)).EnumerateFileSystemInfos())
        {
            var name = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
            var isFolder = entry is DirectoryInfo && !IsLink(entry);
            if (!isFolder && !IsLink(entry) && FileSystem.Facts(entry.FullName) is not { IsRegular: true })
            {
                // A pipe would be waited for as long as nobody writes into it; no build's result needs one.
                continue;
            }

            wanted.Add(name);
            var target = System.IO.Path.Combine(path, name);
            if (isFolder)
            {
                if (FileSystem.Facts(target) is not { IsDirectory: true })
                {
                    FileSystem.Remove(target);
                    Directory.CreateDirectory(target);
                    FileSystem.Own(target, owner);
                }

                CopyFolder(name, wanted);
            }
            else if (FileSystem.Facts(target) is not { } facts || !_known.TryGetValue(name, out var known) || known != facts)
            {
                CopyFile(entry, target);
                _known[name] = FileSystem.Facts(target)!.Value;
            }
        }
    }

    private void CopyFile(FileSystemInfo source, string target)
    {
        FileSystem.Remove(target);
        if (IsLink(source))
        {
            File.CreateSymbolicLink(target, source.LinkTarget!);
        }
        else
        {
            File.Copy(source.FullName, target);
        }

        FileSystem.Own(target, owner);
    }

    /// <summary>Removes what isn't wanted; no where something can't be named.</summary>
    private bool RemoveRest(string folder, HashSet<string> wanted)
    {
        foreach (var entry in new DirectoryInfo(System.IO.Path.Combine(path, folder)).EnumerateFileSystemInfos())
        {
            var name = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
            if (FileSystem.Facts(entry.FullName) is null)
            {
                return false;
            }

            if (!wanted.Contains(name))
            {
                FileSystem.Remove(entry.FullName);
            }
            else if (entry is DirectoryInfo && !IsLink(entry) && !RemoveRest(name, wanted))
            {
                return false;
            }
        }

        return true;
    }

    private void Lay(string file, byte[]? content)
    {
        var target = System.IO.Path.Combine(path, file);
        _known.Remove(file);
        if (content is null)
        {
            // Behind a link there is nothing of this tree.
            if (FileSystem.IsReallyBelow(path, file))
            {
                FileSystem.Remove(target);
            }

            return;
        }

        MakeFolders(file);
        FileSystem.Remove(target);
        File.WriteAllBytes(target, content);
        var original = System.IO.Path.Combine(_pristine!, file);
        if (File.Exists(original))
        {
            File.SetUnixFileMode(target, File.GetUnixFileMode(original));
        }

        FileSystem.Own(target, owner);
    }

    /// <summary>Makes the folders above a file; a link in their place, which a build could have left, is replaced.</summary>
    private void MakeFolders(string file)
    {
        for (var slash = file.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = file.IndexOf('/', slash + 1))
        {
            var folder = System.IO.Path.Combine(path, file[..slash]);
            if (FileSystem.Facts(folder) is not { IsDirectory: true })
            {
                FileSystem.Remove(folder);
                Directory.CreateDirectory(folder);
                FileSystem.Own(folder, owner);
            }
        }
    }

    private static bool IsLink(FileSystemInfo entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;
}

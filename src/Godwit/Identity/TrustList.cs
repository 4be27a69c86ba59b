namespace Godwit.Identity;

/// <summary>
/// The verifier keys that a person trusts: a text file with a key id, a public key in base64 and a name on each line.
/// </summary>
/// <param name="path">The file; it need not exist.</param>
public sealed class TrustList(string path)
{
    /// <summary>The name under which a key is trusted, or null.</summary>
    public string? NameOf(PublicKey key) => Read().FirstOrDefault(entry => entry.Key.Equals(key)).Name;

    /// <summary>Trusts a key under a name; a key that is trusted already keeps its name.</summary>
    public void Add(PublicKey key, string name)
    {
        if (NameOf(key) is not null)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.AppendAllText(path, $"{key.KeyId} {key.Base64} {name}\n");
    }

    /// <summary>All trusted keys.</summary>
    /// <exception cref="InvalidDataException">A line is no key.</exception>
    public IReadOnlyList<(PublicKey Key, string Name)> Read()
    {
        if (!File.Exists(path))
        {
            return [];
        }

        var entries = new List<(PublicKey, string)>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            entries.Add(
                Parse(line)
                    ?? throw new InvalidDataException(
                        $"{path}:{number}: expected a key id, a public key in base64 and a name; mend or delete the line"));
        }

        return entries;
    }

    private static (PublicKey, string)? Parse(string line)
    {
        var parts = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        var raw = new byte[PublicKey.Size];
        if (parts.Length != 3 || !Convert.TryFromBase64String(parts[1], raw, out var written) || written != PublicKey.Size)
        {
            return null;
        }

        var key = new PublicKey(raw);
        return key.KeyId == parts[0] ? (key, parts[2]) : null;
    }
}

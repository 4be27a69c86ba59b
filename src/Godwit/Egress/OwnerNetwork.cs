using System.Net;
using Godwit.Goals;
using Godwit.Identity;

namespace Godwit.Egress;

/// <summary>A credential that requests to a host are given outside of the sandbox.</summary>
/// <param name="Host">The one host that it is for, in lower case.</param>
/// <param name="Header">The header that carries it.</param>
/// <param name="Scheme">What stands before it there; empty for nothing.</param>
/// <param name="Key">The environment variable that holds it; null for a file.</param>
/// <param name="KeyFile">A file of mode 0600 that holds it; null for a variable.</param>
public sealed record HostCredential(string Host, string Header, string Scheme, string? Key, string? KeyFile)
{
    /// <summary>The header's value.</summary>
    /// <exception cref="FormatException">It isn't there; one line that says how to mend it.</exception>
    internal string Value()
    {
        var secret = KeyFile is null ? Environment.GetEnvironmentVariable(Key!)?.Trim() : SecretFile.Read(KeyFile);
        return string.IsNullOrEmpty(secret)
            ? throw new FormatException($"the credential for {Host} is missing: set {Key ?? KeyFile}")
            : Scheme.Length == 0 ? secret : $"{Scheme} {secret}";
    }
}

/// <summary>What the machine's owner says of the network, in <c>network.yaml</c> of the store; no goal can say it.</summary>
public sealed record OwnerNetwork
{
    /// <summary>Addresses that hosts may lead to though they are private or special.</summary>
    public IReadOnlyList<IPNetwork> Ranges { get; init; } = [];

    /// <summary>Further package registries: hosts, with ports where they have others than 443.</summary>
    public IReadOnlyList<(string Host, int? Port)> Registries { get; init; } = [];

    /// <summary>Credentials by name; a goal names them and never sees them.</summary>
    public IReadOnlyDictionary<string, HostCredential> Credentials { get; init; } = new Dictionary<string, HostCredential>();

    /// <summary>The file, for messages.</summary>
    public string File { get; init; } = "network.yaml";

    /// <summary>Reads the file; what an owner says who has none where it isn't there.</summary>
    /// <exception cref="FormatException">It has mistakes; all of them, a line each.</exception>
    public static OwnerNetwork Load(string file)
    {
        var text = System.IO.File.Exists(file) ? System.IO.File.ReadAllText(file) : "";
        if (text.Split('\n').All(line => line.Trim() is "" or ['#', ..]))
        {
            return new OwnerNetwork { File = file };
        }

        var problems = new List<GoalProblem>();
        const string Must = "it must be one YAML mapping, such as ranges: [10.20.0.0/16]; docs/network.md says what it may hold";
        var network = YamlMap.Parse(text, problems, must: Must) is { } root ? Read(root, file) : null;
        return problems.Count == 0
            ? network!
            : throw new FormatException(string.Join('\n', problems.Select(problem => problem.At(file))));
    }

    private static OwnerNetwork Read(YamlMap root, string file)
    {
        var (ranges, registries) = (new List<IPNetwork>(), new List<(string, int?)>());
        foreach (var text in root.List("ranges"))
        {
            if (IPNetwork.TryParse(text, out var range))
            {
                ranges.Add(range);
            }
            else if (IPAddress.TryParse(text, out var one))
            {
                ranges.Add(new IPNetwork(one, one.GetAddressBytes().Length * 8));
            }
            else
            {
                root.Problem("ranges", $"'{text}' is no range; write one such as 10.20.0.0/16");
            }
        }

        foreach (var text in root.List("registries"))
        {
            if (NetworkReader.Place(text) is { } place)
            {
                registries.Add(place);
            }
            else
            {
                root.Problem("registries", $"'{text}' is no host; write a name such as packages.example.org or packages.example.org:8443");
            }
        }

        var credentials = new Dictionary<string, HostCredential>(StringComparer.Ordinal);
        var all = root.Map("credentials");
        foreach (var (name, _, node) in all?.Entries ?? [])
        {
            if (all!.AsMap(node, $"credentials.{name}.") is not { } map)
            {
                all.Problem(node, $"'credentials.{name}' must be a mapping with host and key");
                continue;
            }

            var credential = new HostCredential(
                (map.Text("host", required: true) ?? "").ToLowerInvariant(), map.Text("header") ?? "Authorization",
                map.Has("header") ? map.Text("scheme") ?? "" : map.Text("scheme") ?? "Bearer", map.Text("key"), map.Text("key_file"));
            if (credential.Key is null == credential.KeyFile is null)
            {
                map.Problem("key", $"'credentials.{name}' needs either key, a variable of the environment, or key_file");
            }

            map.RefuseOthers();
            credentials[name] = credential;
        }

        root.RefuseOthers();
        return new OwnerNetwork { Ranges = ranges, Registries = registries, Credentials = credentials, File = file };
    }
}

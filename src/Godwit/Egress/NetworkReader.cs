using System.Globalization;
using System.Text.RegularExpressions;
using Godwit.Goals;
using YamlDotNet.RepresentationModel;

namespace Godwit.Egress;

/// <summary>Reads what a goal file says of the network.</summary>
public static partial class NetworkReader
{
    private const string Key = "network";
    private const int LongestName = 253; // RFC 1035, 2.3.4, without the root's dot

    /// <summary>The keys that it reads.</summary>
    public static readonly IReadOnlyList<GoalKey> Keys =
    [
        new(
            Key, "texts or maps", "packages, for setup",
            "What commands may reach, through Godwit's proxy; all else is refused, and builds, checks and measurements reach nothing. " +
            "`packages` are the usual registries, to read from and for setup alone.",
            "[packages, {host: api.example.org, paths: [/v1/]}]"),
        new($"{Key}.host", "text", "required", "A name, `*.` and a name for all below it, or either with a port.", "api.example.org"),
        new($"{Key}.methods", "list", "[GET, HEAD]", "The HTTP methods.", "[GET, POST]"),
        new($"{Key}.paths", "list", "every path", "What paths begin with.", "[/v1/search]"),
        new($"{Key}.download", "size", "2 GB", "The most bytes of all answers of a run.", "50 MB"),
        new($"{Key}.upload", "size", "1 MB", "The most bytes of all requests of a run: addresses, headers and bodies.", "100 kB"),
        new(
            $"{Key}.tls", "text", "seen",
            "`opaque` for what pins its certificate: only host and bytes are seen then, and no credential can be added.", "opaque",
            ["seen", "opaque"]),
        new($"{Key}.push", "flag", "no", "Whether git may push; cloning and fetching are reading.", "true"),
        new($"{Key}.credential", "text", "", "A credential of network.yaml in the store, added outside of the sandbox.", "github"),
        new($"{Key}.for", "text", "all", "Whose commands may reach it.", "setup", ["all", "setup", "agents"]),
    ];

    /// <summary>Reads them; null where the goal says nothing, so that setup has packages and agents have nothing.</summary>
    public static GoalNetwork? Read(YamlMap root)
    {
        var node = root.Node(Key);
        if (node is null)
        {
            return null;
        }

        var network = new GoalNetwork();
        foreach (var item in node is YamlSequenceNode list ? list.Children : [node])
        {
            switch (item)
            {
                case YamlScalarNode { Value: PackageRegistries.Name }:
                    network = network with { HasPackages = true };
                    break;
                case YamlScalarNode { Value: "none" } when node == item:
                    break;
                case YamlMappingNode when root.AsMap(item, $"{Key}.") is { } map && ReadRule(map) is { } rule:
                    network = network with { Rules = [.. network.Rules, rule] };
                    break;
                case YamlMappingNode:
                    break;
                default:
                    root.Problem(item, $"'{Key}' is a list of 'packages' and of {{host: NAME, ...}}, or 'none'");
                    break;
            }
        }

        return network;
    }

    /// <summary>A host as people write it, perhaps with a port; null where it is none.</summary>
    internal static (string Host, int? Port)? Place(string text)
    {
        var match = Host().Match(text.ToLowerInvariant());
        if (!match.Success || System.Net.IPAddress.TryParse(match.Groups["host"].Value, out _))
        {
            return null;
        }

        var port = match.Groups["port"] is { Success: true, Value: var digits } ? int.Parse(digits, CultureInfo.InvariantCulture) : (int?)null;
        return port is 0 or > 65_535 ? null : (match.Groups["host"].Value, port);
    }

    /// <summary>Whether a text is a host's name, in lower case, and nothing that could be read as more.</summary>
    public static bool IsName(string text) => text.Length <= LongestName && text[0] != '*' && Host().Match(text) is { Success: true } match
        && !match.Groups["port"].Success;

    private static NetworkRule? ReadRule(YamlMap map)
    {
        var text = map.Text("host", required: true);
        var place = text is null ? null : Place(text);
        if (text is not null && place is null)
        {
            map.Problem("host", $"'{text}' is no host; write a name such as api.example.org, *.example.org or api.example.org:8443");
        }

        var methods = map.List("methods").Select(method => method.ToUpperInvariant()).ToList();
        foreach (var odd in methods.Where(method => !Method().IsMatch(method) || method is "CONNECT" or "TRACE"))
        {
            map.Problem("methods", $"'{odd}' is no method that a rule can allow");
        }

        var paths = map.List("paths");
        foreach (var odd in paths.Where(path => !path.StartsWith('/') || RawPath.HasDots(path)))
        {
            map.Problem("paths", $"'{odd}' must begin with / and go straight down");
        }

        var isOpaque = Choice(map, "tls", "seen", "opaque") == "opaque";
        if (isOpaque && (methods.Count > 0 || paths.Count > 0 || map.Has("credential") || map.Has("push")))
        {
            map.Problem("tls", "where TLS is opaque, methods, paths, push and credentials can't be seen to; leave them out");
        }

        var rule = new NetworkRule
        {
            Host = place?.Host ?? "",
            Port = place?.Port,
            Methods = methods.Count > 0 ? methods : ["GET", "HEAD"],
            Paths = paths.Count > 0 ? paths : ["/"],
            Download = map.Size("download") ?? NetworkRule.UsualDownload,
            Upload = map.Size("upload") ?? NetworkRule.UsualUpload,
            IsOpaque = isOpaque,
            MayPush = map.Flag("push") ?? false,
            Credential = map.Text("credential"),
            Use = Choice(map, "for", "all", "setup", "agents") switch
            {
                "setup" => NetworkUse.Setup,
                "agents" => NetworkUse.Agents,
                _ => NetworkUse.All,
            },
        };
        map.RefuseOthers();
        return place is null ? null : rule;
    }

    private static string Choice(YamlMap map, string key, params string[] values)
    {
        var value = map.Text(key) ?? values[0];
        if (!values.Contains(value))
        {
            map.Problem(key, $"'{Key}.{key}' is '{value}', and must be {string.Join(", ", values[..^1])} or {values[^1]}");
        }

        return value;
    }

    [GeneratedRegex(@"^(?<host>(\*\.)?([a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(:(?<port>\d{1,5}))?$")]
    private static partial Regex Host();

    [GeneratedRegex("^[A-Z][A-Z-]{0,19}$")]
    private static partial Regex Method();
}

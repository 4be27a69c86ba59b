namespace Godwit.Egress;

/// <summary>What <c>packages</c> stands for: the public registries of the usual tools, to read from.</summary>
internal static class PackageRegistries
{
    /// <summary>The name that goals use.</summary>
    public const string Name = "packages";

    // Locking tools ask for every version of every package, by long addresses with long headers.
    private const long Upload = 64_000_000;
    private const long Download = 20_000_000_000;

    // As the tools themselves are set up when they are installed.
    private static readonly string[] Hosts =
    [
        "registry.npmjs.org", "registry.yarnpkg.com",
        "api.nuget.org", "globalcdn.nuget.org",
        "pypi.org", "files.pythonhosted.org",
        "index.crates.io", "static.crates.io", "crates.io",
        "proxy.golang.org", "sum.golang.org",
        "repo.maven.apache.org", "repo1.maven.org", "plugins.gradle.org", "plugins-artifacts.gradle.org", "services.gradle.org",
        "rubygems.org", "index.rubygems.org",
    ];

    /// <summary>The rules of the public registries and of those of the machine's owner.</summary>
    /// <param name="own">Hosts, or hosts with ports, of the owner's own.</param>
    /// <param name="use">Whose commands they are for.</param>
    public static IEnumerable<NetworkRule> Rules(IEnumerable<(string Host, int? Port)> own, NetworkUse use) =>
        Hosts.Select(host => (Host: host, Port: (int?)null)).Concat(own)
            .Select(place => new NetworkRule { Host = place.Host, Port = place.Port, Use = use, Upload = Upload, Download = Download, ServesGit = false });
}

using System.Net;
using Godwit.Egress;
using Godwit.Goals;

namespace Godwit.Tests.Egress;

/// <summary>What goals and the machine's owner say of the network.</summary>
public sealed class NetworkSettingsTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("nonsense", "is a list of 'packages' and of {host: NAME, ...}, or 'none'")]
    [InlineData("[none]", "is a list of 'packages'")]
    [InlineData("[{host: 10.0.0.1}]", "'10.0.0.1' is no host")]
    [InlineData("[{host: 'https://a.example.org'}]", "is no host")]
    [InlineData("[{host: 'a.example.org:0'}]", "is no host")]
    [InlineData("[{host: 'a.*.example.org'}]", "is no host")]
    [InlineData("[{methods: [GET]}]", "'network.host' is missing")]
    [InlineData("[{host: a.example.org, methods: [connect]}]", "'CONNECT' is no method that a rule can allow")]
    [InlineData("[{host: a.example.org, paths: [v1]}]", "'v1' must begin with /")]
    [InlineData("[{host: a.example.org, paths: [/a/../b]}]", "must begin with / and go straight down")]
    [InlineData("[{host: a.example.org, upload: 3 parsecs}]", "must be an amount such as 64 kB, 10 MB or 1 GiB")]
    [InlineData("[{host: a.example.org, download: 5}]", "must be an amount")]
    [InlineData("[{host: a.example.org, tls: opaque, push: true}]", "can't be seen to; leave them out")]
    [InlineData("[{host: a.example.org, for: all of them}]", "must be all, setup or agents")]
    [InlineData("[{host: a.example.org, hots: x}]", "did you mean 'host'?")]
    public void Goal_Mistake_IsSaidWithItsPlace(string network, string message)
    {
        var (_, problems) = Read(network);
        var problem = Assert.Single(problems);
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
        Assert.Equal(1, problem.Line);
    }

    [Theory]
    [InlineData(null, 1, 0)]
    [InlineData("none", 0, 0)]
    [InlineData("[]", 0, 0)]
    [InlineData("packages", 1, 0)]
    [InlineData("[packages, {host: a.example.org}]", 2, 1)]
    [InlineData("{host: a.example.org, for: agents}", 0, 1)]
    [InlineData("[{host: a.example.org, for: setup}]", 1, 0)]
    public void Goal_AllowsSetupAndAgentsWhatItNames(string? network, int setup, int agents)
    {
        var goal = network is null ? GoalNetwork.Usual : Read(network).Network!;
        var owner = new OwnerNetwork();
        Assert.Equal(agents, goal.For(NetworkUse.Agents, owner).Count);

        // The public registries count as one here.
        var rules = goal.For(NetworkUse.Setup, owner);
        var (registries, named) = (rules.Count(rule => !rule.ServesGit), rules.Count(rule => rule.ServesGit));
        Assert.Equal(setup, named + (registries > 0 ? 1 : 0));
        Assert.All(rules.Where(rule => !rule.ServesGit), rule => Assert.Equal(["GET", "HEAD"], rule.Methods));
    }

    [Fact]
    public void Owner_NamesRangesRegistriesAndCredentials()
    {
        File.WriteAllText(_file, """
            # of this office
            ranges: [10.20.0.0/16, 192.168.7.8]
            registries: [packages.example.org:8443]
            credentials:
              one: {host: API.example.org, key: GODWIT_TEST_ABSENT}
              two: {host: b.example.org, header: X-Token, key_file: /nowhere/token}
            """);
        var owner = OwnerNetwork.Load(_file);
        var guard = new AddressGuard(owner, (_, _) => throw new InvalidOperationException());
        Assert.True(guard.IsAllowed(IPAddress.Parse("10.20.255.1")));
        Assert.True(guard.IsAllowed(IPAddress.Parse("192.168.7.8")));
        Assert.False(guard.IsAllowed(IPAddress.Parse("10.21.0.1")));
        Assert.False(guard.IsAllowed(IPAddress.Parse("192.168.7.9")));
        Assert.Contains(GoalNetwork.Usual.For(NetworkUse.Setup, owner), rule => rule is { Host: "packages.example.org", Port: 8443 });
        Assert.Equal(("api.example.org", "Authorization", "Bearer"), Parts(owner.Credentials["one"]));
        Assert.Equal(("b.example.org", "X-Token", ""), Parts(owner.Credentials["two"]));
        Assert.Contains("set GODWIT_TEST_ABSENT", Assert.Throws<FormatException>(owner.Credentials["one"].Value).Message, StringComparison.Ordinal);
        Assert.Contains("no key file /nowhere/token", Assert.Throws<FormatException>(owner.Credentials["two"].Value).Message, StringComparison.Ordinal);

        static (string, string, string) Parts(HostCredential credential) => (credential.Host, credential.Header, credential.Scheme);
    }

    [Fact]
    public void Credential_OfAFileThatOthersCanRead_IsRefused()
    {
        var credential = new HostCredential("a.example.org", "Authorization", "Bearer", null, _file);
        File.WriteAllText(_file, "s3cret\n");
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains($"chmod 600 {_file}", Assert.Throws<FormatException>(credential.Value).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal("Bearer s3cret", credential.Value());
    }

    [Theory]
    [InlineData("ranges: [nonsense]", ":1:9: 'nonsense' is no range")]
    [InlineData("registries: ['http://x']", "'http://x' is no host")]
    [InlineData("credentials: {a: {host: a.example.org}}", "'credentials.a' needs either key")]
    [InlineData("credentials: {a: {key: X}}", "'credentials.a.host' is missing")]
    [InlineData("credentials: {a: b}", "must be a mapping with host and key")]
    [InlineData("rangers: []", "did you mean 'ranges'?")]
    [InlineData("- a", "it must be one YAML mapping, such as ranges")]
    public void Owner_Mistake_IsSaidWithItsPlace(string text, string message)
    {
        File.WriteAllText(_file, text);
        var refused = Assert.Throws<FormatException>(() => OwnerNetwork.Load(_file)).Message;
        Assert.StartsWith(_file, refused, StringComparison.Ordinal);
        Assert.Contains(message, refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing yet\n")]
    public void Owner_OfAnEmptyFile_SaysNothing(string text)
    {
        File.WriteAllText(_file, text);
        Assert.Empty(OwnerNetwork.Load(_file).Ranges);
    }

    /// <summary>The IANA registries of special-purpose addresses, and the forms in which IPv6 carries IPv4.</summary>
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.255.255.255")]
    [InlineData("100.64.0.1")]
    [InlineData("127.1.2.3")]
    [InlineData("169.254.169.254")]
    [InlineData("172.31.0.1")]
    [InlineData("192.0.0.8")]
    [InlineData("192.168.0.1")]
    [InlineData("198.19.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::7f00:1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:0:a00:1")]
    [InlineData("64:ff9b::a00:1")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("2002:a00:1::1")]
    [InlineData("2001::1")]
    [InlineData("fd12::1")]
    [InlineData("fe80::1")]
    [InlineData("ff02::1")]
    public void Address_OfNoPublicNetwork_IsRefused(string address) => Assert.False(IsAllowed(address));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("203.0.113.80")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2606:4700::1111")]
    public void Address_OfAPublicNetwork_IsAllowed(string address) => Assert.True(IsAllowed(address));

    [Theory]
    [InlineData("0 B", 0L)]
    [InlineData("64 kB", 64_000L)]
    [InlineData("1.5GiB", 1_610_612_736L)]
    [InlineData("10 mb", 10_000_000L)]
    [InlineData("10", null)]
    [InlineData("-1 kB", null)]
    [InlineData("1e3 kB", null)]
    [InlineData("kB", null)]
    [InlineData("9999999 TB", null)]
    public void Size_IsReadWithItsUnit(string text, long? bytes) => Assert.Equal(bytes, ByteSizes.TryParse(text, out var read) ? read : null);

    [Theory]
    [InlineData(0L, "0 B")]
    [InlineData(999L, "999 B")]
    [InlineData(1197L, "1.2 kB")]
    [InlineData(36_214_763L, "36.2 MB")]
    [InlineData(999_999_999L, "1000 MB")]
    [InlineData(2_000_000_000L, "2 GB")]
    public void Size_IsWrittenShort(long bytes, string text) => Assert.Equal(text, ByteSizes.Write(bytes));

    private static bool IsAllowed(string address) =>
        new AddressGuard(new OwnerNetwork(), (_, _) => throw new InvalidOperationException()).IsAllowed(IPAddress.Parse(address));

    private static (GoalNetwork? Network, List<GoalProblem> Problems) Read(string network)
    {
        var problems = new List<GoalProblem>();
        return (NetworkReader.Read(YamlMap.Parse($"network: {network}", problems)!), problems);
    }
}

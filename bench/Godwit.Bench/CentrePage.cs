using System.Text.Json;
using Microsoft.Playwright;

namespace Godwit.Bench;

/// <summary>The page in Debian's chromium: until a run is seen, what it keeps, and how it draws while much happens.</summary>
internal sealed class CentrePage : IAsyncDisposable
{
    private const string Chromium = "/usr/bin/chromium";

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly IPage _page;
    private readonly string _address;

    private CentrePage(IPlaywright playwright, IBrowser browser, IPage page, string address) =>
        (_playwright, _browser, _page, _address) = (playwright, browser, page, address);

    /// <summary>Opens the page and pairs it; null where there is no browser.</summary>
    public static async Task<CentrePage?> OpenAsync(string link)
    {
        if (!File.Exists(Chromium))
        {
            Console.WriteLine($"the page isn't measured: {Chromium} is missing");
            return null;
        }

        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--enable-precise-memory-info"],
        });
        var page = await browser.NewPageAsync();
        await page.GotoAsync(link);
        await page.Locator(".sidebar").WaitForAsync();
        return new CentrePage(playwright, browser, page, link.Split("/#")[0]);
    }

    /// <summary>Loads a run anew, and says when it was seen and what the page keeps.</summary>
    public async Task SeeAsync(string run)
    {
        var times = new List<double>();
        for (var load = 0; load < 5; load++)
        {
            await _page.GotoAsync("about:blank");
            await _page.GotoAsync($"{_address}/#/run/{run}/agents");
            await _page.Locator("tbody tr").First.WaitForAsync();
            times.Add(await _page.EvaluateAsync<double>("performance.now()"));
        }

        var paint = await _page.EvaluateAsync<double>("performance.getEntriesByType('paint').find(one => one.name === 'first-contentful-paint').startTime");
        var session = await _page.Context.NewCDPSessionAsync(_page);
        await session.SendAsync("HeapProfiler.collectGarbage");
        var heap = await _page.EvaluateAsync<double>("performance.memory.usedJSHeapSize");
        Console.WriteLine(
            $"the page of it: first paint after {paint:0} ms, its agents are seen after {Scratch.Median(times):0} ms, {heap / (1 << 20):0} MiB of heap");
    }

    /// <summary>Watches a run to which much is written, and says how even its frames are and how old a row is when it is drawn.</summary>
    public async Task WatchAsync(string run, int seconds)
    {
        await _page.GotoAsync($"{_address}/#/run/{run}/events");
        await _page.Locator(".row").First.WaitForAsync();
        var measured = await _page.EvaluateAsync<JsonElement>(
            """
            async seconds => {
              const frames = [], ages = [], channel = new BroadcastChannel('godwit-events');
              channel.onmessage = ({ data }) => data.kind === 'event' && data.name === 'rows' && requestAnimationFrame(() => setTimeout(() => {
                const now = performance.timeOrigin + performance.now();
                for (const row of data.data) ages.push(now - Date.parse(row.at));
              }));
              const until = performance.now() + 1000 * seconds;
              await new Promise(done => {
                let last = performance.now();
                const next = now => { frames.push(now - last); last = now; now < until ? requestAnimationFrame(next) : done(); };
                requestAnimationFrame(next);
              });
              const part = (all, share) => all.sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(share * all.length))] ?? NaN;
              return { frames: frames.length, frame: part(frames, 0.95), rows: ages.length, age: part(ages, 0.95) };
            }
            """,
            seconds);
        Console.WriteLine(
            $"its events on the page: a frame takes {measured.GetProperty("frame").GetDouble():0.0} ms at the 95th percentile, " +
            $"and {measured.GetProperty("rows").GetInt32()} rows were drawn {measured.GetProperty("age").GetDouble():0} ms after they were " +
            "journaled (95th percentile)");
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }
}

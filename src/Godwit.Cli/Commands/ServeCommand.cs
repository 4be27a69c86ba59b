using System.CommandLine;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Godwit.Identity;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Server.Centre;
using Godwit.Server.Mcp;
using QRCoder;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit serve</c> and <c>godwit link</c>: the page behind which every run on this machine is.</summary>
internal static class ServeCommand
{
    private const int DefaultPort = 7420;

    private static readonly TimeSpan Played = TimeSpan.FromMinutes(3);

    /// <summary>Where the built page stands: beside the program, whether the launcher has built it or a package has brought it.</summary>
    private static string Page => Path.Combine(AppContext.BaseDirectory, "web");

    private static string Recorded => Path.Combine(AppContext.BaseDirectory, "recordings");

    public static Command Create(RunKinds kinds)
    {
        var port = new Option<int?>("--port")
        {
            Description = $"The port on 127.0.0.1, {DefaultPort} unless given; 0 for any that is free. With --cert it is that of --public-url.",
        };
        var root = new Option<string?>("--root") { Description = "Let the page start runs of goal files below this folder; without it, it starts none." };
        var url = new Option<string?>("--public-url")
        {
            Description = "The only address that browsers may use, such as https://godwit.example.org; with --cert and --key, or a proxy on proxy.sock.",
        };
        var certificate = new Option<string?>("--cert") { Description = "A certificate (PEM), to serve TLS on all addresses; needs --key and --public-url." };
        var key = new Option<string?>("--key") { Description = "The certificate's key (PEM)." };
        var notify = new Option<string?>("--notify")
        {
            Description = "A shell command for whatever begins to wait for a person, and for runs that end; it gets GODWIT_RUN, GODWIT_KIND, " +
                "GODWIT_TITLE and GODWIT_LINK.",
        };
        var demo = new Option<bool>("--demo")
        {
            Description = "Play recorded runs of all kinds, in a store of their own: nothing to set up, and nothing to break.",
        };
        var install = new Option<bool>("--install") { Description = "Install it as a systemd service of this user, with these options, and start it." };
        var command = new Command("serve", "Serve the command centre: every run on this machine on one page, to watch and to steer.")
        {
            port, root, url, certificate, key, notify, install, demo,
        };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            if (!File.Exists(Path.Combine(Page, "index.html")))
            {
                throw new UsageException($"{Page} holds no page; start it as './godwit serve', which builds it, or install the package, which has it");
            }

            var options = new CentreOptions(kinds, RunStore.OfUser(), Environment.ProcessPath!, Page)
            {
                Port = PortOf(parsed.GetValue(port), parsed.GetValue(url), parsed.GetValue(certificate)),
                Root = parsed.GetValue(root) is { } folder ? WholePath("--root", folder, Directory.Exists) : null,
                PublicUrl = parsed.GetValue(url) is { } address ? PublicUrl(address) : null,
                Tls = Tls(parsed.GetValue(certificate), parsed.GetValue(key)),
                Notify = parsed.GetValue(notify),
            };
            if (options is { Tls: not null, PublicUrl: null })
            {
                throw new UsageException("--cert needs --public-url, the name that the certificate is for, such as https://godwit.example.org");
            }

            if (parsed.GetValue(demo))
            {
                return await PlayAsync(options, parsed.GetValue(install), cancellation);
            }

            if (parsed.GetValue(install))
            {
                return await ServeUnit.InstallAsync(options, cancellation);
            }

            await using var server = await CentreServer.StartAsync(options);
            if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is null || !Console.IsOutputRedirected)
            {
                Print(server.NewLink(DeviceRole.Own));
                await Console.Error.WriteLineAsync(
                    "Open it within ten minutes; it pairs one browser, once. 'godwit link' prints another. Ctrl-C ends the page and no run.");
            }
            else
            {
                // A service's log is no place for a key.
                Console.WriteLine($"serving {server.Address}; 'godwit link' prints a link that pairs a browser");
            }

            if (options is { PublicUrl: not null, Tls: null })
            {
                await Console.Error.WriteLineAsync($"The proxy that brings TLS reaches it at unix:{options.ProxySocket}, which this user's group may open.");
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Shows recorded runs until told to end.</summary>
    private static async Task<ExitCode> PlayAsync(CentreOptions options, bool isInstalled, CancellationToken cancellation)
    {
        if (isInstalled || options is { Root: not null } or { PublicUrl: not null } or { Notify: not null })
        {
            throw new UsageException("--demo goes with --port alone");
        }

        await using var recordings = await Recordings.PlayAsync(Recorded, Played);
        await using var server = await CentreServer.StartAsync(options with { Store = recordings.Store, IsRecording = true });
        Print(server.NewLink(DeviceRole.Own));
        await Console.Error.WriteLineAsync($"Recorded runs, played within {Played.TotalMinutes:0} minutes; your own are at 'godwit serve'. Ctrl-C ends it.");
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return ExitCode.Ok;
    }

    public static Command Link()
    {
        var role = new Option<string?>("--role")
        {
            Description = "What it may do: watch; answer what waits and speak to agents; or own, which starts and stops runs too. A browser may own, " +
                "and a program watch, unless this says otherwise.",
        };
        role.AcceptOnlyFromAmong("watch", "answer", "own");
        var program = new Option<string?>("--program")
        {
            Description = "Print a token of this name for a program that speaks MCP instead: with --role answer it also speaks to agents, with " +
                "own it also starts runs.",
        };
        var command = new Command("link", "Print a link that pairs another browser with 'godwit serve', such as your phone's.") { role, program };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            if (parsed.GetValue(program) is not { } name)
            {
                Print(await AskAsync("link", new { role = parsed.GetValue(role) ?? "own" }, "address", cancellation));
                return ExitCode.Ok;
            }

            Console.WriteLine(await AskAsync("program", new { role = parsed.GetValue(role) ?? "watch", name }, "token", cancellation));
            await Console.Error.WriteLineAsync(
                "Shown once: store it now. The program sends it as 'Authorization: Bearer TOKEN' to /mcp of the centre's address; " +
                "the page's list of devices can revoke it.");
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary><c>godwit mcp</c>: the tools of the centre for a coding agent.</summary>
    public static Command Mcp(RunKinds kinds)
    {
        var root = new Option<string?>("--root") { Description = "Let it start runs of goal files below this folder; without it, it starts none." };
        var command = new Command("mcp", "Serve runs to a coding agent over the Model Context Protocol, on standard input and output.") { root };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var folder = parsed.GetValue(root) is { } given ? WholePath("--root", given, Directory.Exists) : null;
            await McpProgram.RunAsync(kinds, RunStore.OfUser(), Environment.ProcessPath!, folder, cancellation);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Asks the centre that serves here, by the socket in the user's own folder.</summary>
    private static async Task<string> AskAsync(string what, object body, string wanted, CancellationToken cancellation)
    {
        var socket = Path.Combine(RunStore.OfUser().Home, "serve.sock");
        using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, stop) => ConnectAsync(socket, stop) });
        try
        {
            var reply = await http.PostAsJsonAsync($"http://localhost/local/{what}", body, cancellation);
            reply.EnsureSuccessStatusCode();
            using var json = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(cancellation));
            return json.RootElement.GetProperty(wanted).GetString()!;
        }
        catch (HttpRequestException)
        {
            throw new UsageException("no centre serves here; start one with 'godwit serve'");
        }
    }

    /// <summary>Prints a link, and on a terminal as a picture for a phone, where a phone could open it.</summary>
    private static void Print(string link)
    {
        Console.WriteLine(link);
        if (!Console.IsOutputRedirected && new Uri(link) is { IsLoopback: false })
        {
            using var generator = new QRCodeGenerator();
            using var data = generator.CreateQrCode(link, QRCodeGenerator.ECCLevel.L);
            using var code = new AsciiQRCode(data);
            Console.Error.WriteLine(code.GetGraphicSmall());
        }
    }

    private static string WholePath(string option, string path, Func<string, bool> isThere) => isThere(path)
        ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))
        : throw new UsageException($"{option} {path} is no {(option == "--root" ? "folder" : "file")}");

    private static int PortOf(int? given, string? url, string? certificate)
    {
        if (given is < 0 or > 65535)
        {
            throw new UsageException($"--port {given} is no port; there are 1 to 65535, and 0 for any that is free");
        }

        if (url is null || certificate is null)
        {
            return given ?? DefaultPort;
        }

        var named = PublicUrl(url).Port;
        return given is null || given == named ? named : throw new UsageException($"--port {given} isn't the port of --public-url {url}, which is {named}");
    }

    private static Uri PublicUrl(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var url) && url is { Scheme: "https", AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" }
            ? url
            : throw new UsageException($"--public-url {address} must be https and a name, such as https://godwit.example.org");

    private static (string Certificate, string Key)? Tls(string? certificate, string? key) => (certificate, key) switch
    {
        (null, null) => null,
        ({ } one, { } other) => (WholePath("--cert", one, File.Exists), WholePath("--key", other, File.Exists)),
        _ => throw new UsageException("--cert and --key go together"),
    };

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}

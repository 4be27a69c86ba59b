using System.CommandLine;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Godwit.Playbooks;
using Godwit.Runs;
using Godwit.Server.Centre;

namespace Godwit.Cli.Commands;

/// <summary><c>godwit serve</c> and <c>godwit link</c>: the page behind which every run on this machine is.</summary>
internal static class ServeCommand
{
    private const int DefaultPort = 7420;

    /// <summary>Where the built page stands: beside the program, whether the launcher has built it or a package has brought it.</summary>
    private static string Page => Path.Combine(AppContext.BaseDirectory, "web");

    public static Command Create(RunKinds kinds)
    {
        var port = new Option<int>("--port")
        {
            Description = "The port on 127.0.0.1; 0 for any that is free.",
            DefaultValueFactory = _ => DefaultPort,
        };
        var root = new Option<string?>("--root") { Description = "Let the page start runs of goal files below this folder; without it, it starts none." };
        var command = new Command("serve", "Serve the command centre: every run on this machine on one page, to watch and to steer.") { port, root };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var given = parsed.GetValue(root);
            if (given is not null && !Directory.Exists(given))
            {
                throw new UsageException($"--root {given} is no folder");
            }

            if (!File.Exists(Path.Combine(Page, "index.html")))
            {
                throw new UsageException($"{Page} holds no page; start it as './godwit serve', which builds it, or install the package, which has it");
            }

            var options = new CentreOptions(kinds, RunStore.OfUser(), Environment.ProcessPath!, Page)
            {
                Port = parsed.GetValue(port),
                Root = given is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(given)),
            };
            await using var server = await CentreServer.StartAsync(options);
            Console.WriteLine(server.NewLink(DeviceRole.Own));
            Console.Error.WriteLine(
                "Open it within ten minutes; it pairs one browser, once. 'godwit link' prints another. Ctrl-C ends the page and no run.");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return ExitCode.Ok;
        });
        return command;
    }

    public static Command Link()
    {
        var role = new Option<string>("--role")
        {
            Description = "What the browser may do: watch; answer what waits and speak to agents; or own, which starts and stops runs too.",
            DefaultValueFactory = _ => "own",
        };
        role.AcceptOnlyFromAmong("watch", "answer", "own");
        var command = new Command("link", "Print a link that pairs another browser with 'godwit serve', such as your phone's.") { role };
        command.SetGuardedAction(async (parsed, cancellation) =>
        {
            var socket = Path.Combine(RunStore.OfUser().Home, "serve.sock");
            using var http = new HttpClient(new SocketsHttpHandler { ConnectCallback = (_, stop) => ConnectAsync(socket, stop) });
            try
            {
                var body = new { role = parsed.GetValue(role) };
                var reply = await http.PostAsJsonAsync("http://localhost/local/link", body, cancellation);
                reply.EnsureSuccessStatusCode();
                using var json = JsonDocument.Parse(await reply.Content.ReadAsStringAsync(cancellation));
                Console.WriteLine(json.RootElement.GetProperty("address").GetString());
                return ExitCode.Ok;
            }
            catch (HttpRequestException)
            {
                throw new UsageException("no centre serves here; start one with 'godwit serve'");
            }
        });
        return command;
    }

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

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Godwit.Durable.Journal;
using Godwit.Server.Mcp;
using Godwit.Identity;
using Godwit.Playbooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace Godwit.Server.Centre;

/// <summary>
/// The command centre: every run on this machine behind one page, on loopback. It owns no run: it reads journals, asks the runs' owners,
/// and starts others as processes of their own, so that its end harms none.
/// </summary>
public sealed class CentreServer : IAsyncDisposable
{
    private const int LongestSocket = 107;

    private readonly WebApplication _app;
    private readonly LiveRuns _runs;
    private readonly RunIndex _index;
    private readonly Notifier? _notifier;
    private readonly Devices _devices;
    private readonly CentreOptions _options;

    private CentreServer(WebApplication app, LiveRuns runs, RunIndex index, Notifier? notifier, Devices devices, CentreOptions options) =>
        (_app, _runs, _index, _notifier, _devices, _options) = (app, runs, index, notifier, devices, options);

    /// <summary>The address by which browsers reach it.</summary>
    public string Address => _options.PublicOrigin ?? _app.Urls.First(url => url.StartsWith("http://127", StringComparison.Ordinal));

    /// <summary>Starts it.</summary>
    /// <exception cref="IOException">The port is taken, or another centre serves these runs.</exception>
    public static async Task<CentreServer> StartAsync(CentreOptions options)
    {
        RequireAlone(options);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = "Godwit.Server",
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = "Production",
        });

        // No file of the folder that it is started in, and no variable, says what it listens on.
        builder.Configuration.Sources.Clear();
        var port = options.Port;
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 1 << 20;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.ListenUnixSocket(options.Socket);
            if (options.PublicUrl is null)
            {
                kestrel.Listen(IPAddress.Loopback, options.Port, RefuseOthers);
            }
            else if (options.Tls is { } tls)
            {
                kestrel.ListenAnyIP(options.Port, listen => listen.UseHttps(https =>
                {
                    https.ServerCertificate = CertificateOf(tls.Certificate, tls.Key);
                    https.ServerCertificateChain = [];
                    https.ServerCertificateChain.ImportFromPemFile(tls.Certificate);
                }));
            }
            else
            {
                kestrel.ListenUnixSocket(options.ProxySocket);
            }
        });
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Warning).AddConsole(log => log.LogToStandardErrorThreshold = LogLevel.Trace)
            .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None).AddFilter("ModelContextProtocol", LogLevel.None);
        builder.Services.ConfigureHttpJsonOptions(json => CentreJson.Configure(json.SerializerOptions));
        builder.Services.AddResponseCompression(compression => compression.MimeTypes = ["application/json", "text/css", "text/javascript", "text/html"]);
        builder.Services.AddOpenApi(document => document.AddSchemaTransformer((schema, _, _) =>
        {
            // Whatever there is, is written.
            schema.Required = schema.Properties is { Count: > 0 } properties ? new HashSet<string>(properties.Keys) : schema.Required;
            return Task.CompletedTask;
        }));
        builder.Services.AddSingleton<Microsoft.Extensions.Hosting.IHostLifetime, NoLifetime>();
        var goals = new GoalFolder(options.Root, options.Program, options.Store);
        var runs = new LiveRuns(options.Kinds, options.Store, options.IsRecording);
        var index = new RunIndex(options.Kinds, options.Store);
        var current = new HttpContextAccessor();
        builder.Services.AddSingleton<IHttpContextAccessor>(current);
        new GodwitTools(runs, goals, options.Kinds, options.Store, () => (Device)current.HttpContext!.Items[CentreGuard.Device]!)
            .AddTo(builder.Services).WithHttpTransport();
        var app = builder.Build();
        CentreServer? server = null;
        var devices = new Devices(Device.FileIn(options.Store.Home), options.Time);
        var notifier = options.Notify is { } command ? new Notifier(command, () => server!.Address) : null;
        if (notifier is not null)
        {
            runs.Asked += ask => notifier.Tell(new Notice(ask.Run, ask.Kind, ask.Who is { } who ? $"{who} {ask.Title}" : ask.Title, ask.Goal, ask.Deadline));
            runs.Ended += row => notifier.Tell(new Notice(row.Run, "ended", $"{Snake.Of(row.State)}: {row.Reason}", row.Goal, null));
        }

        server = new CentreServer(app, runs, index, notifier, devices, options);
        var guard = new CentreGuard(devices, () => port, options);
        app.Use(guard.PassAsync);
        app.UseResponseCompression();
        app.UseStatusCodePages();
        ServePage(app, options.Web);
        app.MapOpenApi().WithMetadata(new Needs(DeviceRole.Watch));
        DeviceEndpoints.Map(app, devices, server.NewLink);
        RunEndpoints.Map(app, runs, index, devices, goals, options);
        app.MapMcp("/mcp").WithMetadata(new ForPrograms()).ExcludeFromDescription();
        runs.Start();
        try
        {
            await app.StartAsync();
            File.SetUnixFileMode(options.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            if (File.Exists(options.ProxySocket))
            {
                const UnixFileMode Group = UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
                File.SetUnixFileMode(options.ProxySocket, UnixFileMode.UserRead | UnixFileMode.UserWrite | Group);
            }

            port = new Uri(server.Address).Port;
            return server;
        }
        catch (Exception error)
        {
            await index.DisposeAsync();
            await runs.DisposeAsync();
            await (notifier?.DisposeAsync() ?? default);
            await app.DisposeAsync();
            throw error.InnerException is AddressInUseException
                ? new IOException($"port {options.Port} is taken; give another with --port, or 0 for any that is free")
                : error;
        }
    }

    /// <summary>A link that pairs one browser, once, within ten minutes.</summary>
    public string NewLink(DeviceRole role) => $"{Address}/#pair={_devices.NewCode(role)}";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.EndAsync();
        await _index.DisposeAsync();
        await _runs.DisposeAsync();
        await (_notifier?.DisposeAsync() ?? default);
        File.Delete(_options.Socket);
        File.Delete(_options.ProxySocket);
    }

    private static X509Certificate2 CertificateOf(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception wrong) when (wrong is CryptographicException or ArgumentException)
        {
            throw new ArgumentException($"--cert {certificate} and --key {key} must be a certificate and its key, both PEM: {wrong.Message}");
        }
    }

    private static void RequireAlone(CentreOptions options)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(options.Socket) > LongestSocket)
        {
            throw new IOException(
                $"{options.Socket} is longer than the {LongestSocket} bytes that a socket's name may have; set GODWIT_HOME to a shorter folder");
        }

        if (!File.Exists(options.Socket))
        {
            Directory.CreateDirectory(options.Store.Home);
            File.Delete(options.ProxySocket);
            return;
        }

        using var probe = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        try
        {
            probe.Connect(new System.Net.Sockets.UnixDomainSocketEndPoint(options.Socket));
        }
        catch (System.Net.Sockets.SocketException)
        {
            // What a dead server left.
            File.Delete(options.Socket);
            File.Delete(options.ProxySocket);
            return;
        }

        throw new IOException($"another centre serves {options.Store.Home} already; 'godwit link' prints a link to it");
    }

    /// <summary>Another user of this machine reaches loopback too; the kernel says who it is.</summary>
    private static void RefuseOthers(ListenOptions listen) => listen.Use(next => async connection =>
    {
        if (connection is { RemoteEndPoint: IPEndPoint peer, LocalEndPoint: IPEndPoint own } && !LoopbackPeer.IsOfThisUser(peer, own))
        {
            connection.Abort(new ConnectionAbortedException("another user of this machine"));
            return;
        }

        await next(connection);
    });

    private static void ServePage(WebApplication app, string web)
    {
        if (!Directory.Exists(web))
        {
            return;
        }

        var files = new PhysicalFileProvider(Path.GetFullPath(web));
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        app.UseStaticFiles(new StaticFileOptions { FileProvider = files });
    }

    /// <summary>Signals are the command's to take.</summary>
    private sealed class NoLifetime : Microsoft.Extensions.Hosting.IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

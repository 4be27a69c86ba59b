using System.Net;
using Godwit.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Godwit.Server;

/// <summary>Serves a gateway over HTTP: on a loopback port for programs of the user, or on a socket that sandboxes are given.</summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private const long LargestBody = 64L << 20;

    // What belongs to this connection and not to the request, and the caller's own keys.
    private static readonly HashSet<string> NotPassedOn = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Content-Length", "Content-Type",
        "Accept-Encoding", "Authorization", "x-api-key", "Cookie", "Expect",
    };

    private readonly WebApplication _app;

    private GatewayServer(WebApplication app) => _app = app;

    /// <summary>The address; null on a socket.</summary>
    public string? Address => _app.Urls.FirstOrDefault(url => url.StartsWith("http://127", StringComparison.Ordinal));

    /// <summary>Starts on a port of 127.0.0.1.</summary>
    /// <param name="gateway">Answers.</param>
    /// <param name="port">The port; 0 for any that is free.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static Task<GatewayServer> StartAsync(ModelGateway gateway, int port) => StartAsync(gateway, kestrel => kestrel.Listen(IPAddress.Loopback, port));

    /// <summary>Starts on a unix socket.</summary>
    /// <param name="gateway">Answers.</param>
    /// <param name="socket">Its path, at most 107 bytes. Whoever can reach it may connect; what it may do its token says.</param>
    public static async Task<GatewayServer> StartAsync(ModelGateway gateway, string socket)
    {
        var server = await StartAsync(gateway, kestrel => kestrel.ListenUnixSocket(socket));
        const UnixFileMode Everyone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(socket, Everyone);
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Calls that are out end with their runs; nobody is waited for.
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await _app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
        }

        await _app.DisposeAsync();
    }

    private static async Task<GatewayServer> StartAsync(ModelGateway gateway, Action<KestrelServerOptions> listen)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = LargestBody;

            // A model may think for minutes before it says anything.
            kestrel.Limits.MinResponseDataRate = null;
            listen(kestrel);
        });
        var app = builder.Build();
        app.Run(context => AnswerAsync(gateway, context));
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new GatewayServer(app);
    }

    private static async Task AnswerAsync(ModelGateway gateway, HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        path = path.StartsWith("/v1/", StringComparison.Ordinal) ? path[3..] : path;
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = path is "/models" or "/" ? 200 : 404;
            context.Response.ContentType = "application/json";
            if (path == "/models" && HttpMethods.IsGet(context.Request.Method))
            {
                await context.Response.WriteAsync(gateway.Models(), context.RequestAborted);
            }

            return;
        }

        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var token = context.Request.Headers["x-api-key"].ToString() is { Length: > 0 } key ? key : context.Request.Headers.Authorization.ToString();
        token = token.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? token[7..] : token;
        var headers = context.Request.Headers.Where(header => !NotPassedOn.Contains(header.Key)).Select(header => KeyValuePair.Create(header.Key, header.Value.ToString())).ToList();
        await gateway.HandleAsync(
            new GatewayRequest(path, context.Request.QueryString.Value ?? "", token.Trim(), headers, body.GetBuffer().AsMemory(0, (int)body.Length)), new Response(context));
    }

    private sealed class Response(HttpContext context) : IGatewayResponse
    {
        public bool HasStarted { get; private set; }

        public CancellationToken Gone => context.RequestAborted;

        public async Task StartAsync(int status, string contentType)
        {
            HasStarted = true;
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            if (contentType.StartsWith("text/event-stream", StringComparison.Ordinal))
            {
                context.Response.Headers.CacheControl = "no-cache";
                await context.Response.StartAsync(CancellationToken.None);
            }
        }

        public async Task WriteAsync(ReadOnlyMemory<byte> part)
        {
            if (Gone.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await context.Response.Body.WriteAsync(part, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
            catch (Exception gone) when (gone is OperationCanceledException or IOException)
            {
                // The call goes on without its caller: it is paid, and a repeat gets its answer.
            }
        }

        public void Abort() => context.Abort();
    }
}

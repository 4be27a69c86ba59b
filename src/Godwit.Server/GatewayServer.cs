using System.IO.Compression;
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
    private const string OneModel = "/models/";

    private const string NoSuchModel = """
        {"error":{"type":"not_found_error","code":"model_not_found","message":"there is no such model or path; /v1/models lists the models"}}
        """;

    private const string WrongBody = """
        {"error":{"type":"invalid_request_error","message":"the body isn't what its Content-Encoding says, or is larger than 64 MiB"}}
        """;

    // What belongs to this connection and not to the request, and the caller's own keys.
    private static readonly HashSet<string> NotPassedOn = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Content-Length",
        "Content-Type",
        "Accept-Encoding", "Content-Encoding", "Authorization", "x-api-key", "Cookie", "Expect",
    };

    private readonly WebApplication _app;

    private GatewayServer(WebApplication app) => _app = app;

    /// <summary>The address; null on a socket.</summary>
    public string? Address => _app.Urls.FirstOrDefault(url => url.StartsWith("http://127", StringComparison.Ordinal));

    /// <summary>Starts on a port of 127.0.0.1.</summary>
    /// <param name="gateway">Answers.</param>
    /// <param name="port">The port; 0 for any that is free.</param>
    /// <exception cref="IOException">The port is taken.</exception>
    public static Task<GatewayServer> StartAsync(ModelGateway gateway, int port) =>
        StartAsync(gateway, kestrel => kestrel.Listen(IPAddress.Loopback, port));

    /// <summary>Starts on a unix socket.</summary>
    /// <param name="gateway">Answers.</param>
    /// <param name="socket">Its path, at most 107 bytes. Whoever can reach it may connect; what it may do its token says.</param>
    public static async Task<GatewayServer> StartAsync(ModelGateway gateway, string socket)
    {
        var server = await StartAsync(gateway, kestrel => kestrel.ListenUnixSocket(socket));
        SharedSocket.Open(socket);
        return server;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(_app.EndAsync());

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
            var models = path == "/models"
                ? gateway.Models()
                : path.StartsWith(OneModel, StringComparison.Ordinal)
                    ? gateway.Model(Uri.UnescapeDataString(path[OneModel.Length..]))
                    : null;
            context.Response.StatusCode = models is not null || path == "/" ? 200 : 404;
            context.Response.ContentType = "application/json";
            if (HttpMethods.IsGet(context.Request.Method) && path != "/")
            {
                await context.Response.WriteAsync(models ?? NoSuchModel, context.RequestAborted);
            }

            return;
        }

        using var body = new MemoryStream();
        try
        {
            await ReadAsync(context, body);
        }
        catch (InvalidDataException)
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync(WrongBody, context.RequestAborted);
            return;
        }

        var token = context.Request.Headers["x-api-key"].ToString() is { Length: > 0 } key
            ? key
            : context.Request.Headers.Authorization.ToString();
        token = token.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? token[7..] : token;
        var headers = context.Request.Headers.Where(header => !NotPassedOn.Contains(header.Key))
            .Select(header => KeyValuePair.Create(header.Key, header.Value.ToString()))
            .ToList();
        await gateway.HandleAsync(
            new GatewayRequest(
                path, context.Request.QueryString.Value ?? "", token.Trim(), headers, body.GetBuffer().AsMemory(0, (int)body.Length)),
            new Response(context));
    }

    /// <summary>The body as its sender had it before it was compressed.</summary>
    private static async Task ReadAsync(HttpContext context, MemoryStream body)
    {
        var encoding = context.Request.Headers.ContentEncoding.ToString();
        await using Stream plain = encoding.ToLowerInvariant() switch
        {
            "gzip" or "x-gzip" => new GZipStream(context.Request.Body, CompressionMode.Decompress),
            "deflate" => new ZLibStream(context.Request.Body, CompressionMode.Decompress),
            "br" => new BrotliStream(context.Request.Body, CompressionMode.Decompress),
            "" or "identity" => context.Request.Body,
            _ => throw new InvalidDataException(encoding),
        };
        var buffer = new byte[64 << 10];
        int read;
        while ((read = await plain.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            body.Write(buffer, 0, read);
            if (body.Length > LargestBody)
            {
                throw new InvalidDataException("too large");
            }
        }
    }

    private sealed class Response(HttpContext context) : IGatewayResponse
    {
        public bool HasStarted { get; private set; }

        public CancellationToken Gone => context.RequestAborted;

        public async Task StartAsync(int status, string contentType, TimeSpan? retryAfter = null)
        {
            HasStarted = true;
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            if (retryAfter is { } wait)
            {
                context.Response.Headers.RetryAfter = ((long)Math.Ceiling(wait.TotalSeconds)).ToString(
                    System.Globalization.CultureInfo.InvariantCulture);
            }

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

using System.Net;
using Godwit.Egress;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Forwarder;

namespace Godwit.Server;

/// <summary>
/// Serves a run's proxy on a socket that sandboxes are given. Kestrel reads what they send, after TLS was opened where it is; YARP sends
/// on what <see cref="EgressProxy"/> lets through.
/// </summary>
public sealed class EgressServer : IAsyncDisposable
{
    // What a package registry needs for its slowest answer.
    private static readonly ForwarderRequestConfig Forwarding = new()
    {
        ActivityTimeout = TimeSpan.FromMinutes(5),
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
    };

    // What a request may say of its length, at most: more than any rule allows, and nothing that sums could run over at.
    private const long LargestBody = 1L << 50;
    private const int MostConnections = 512;

    private readonly WebApplication _app;

    private EgressServer(WebApplication app) => _app = app;

    /// <summary>Starts on a unix socket.</summary>
    /// <param name="proxy">Decides.</param>
    /// <param name="socket">Its path, at most 107 bytes. Whoever can reach it may connect; what it may do its token says.</param>
    public static async Task<EgressServer> StartAsync(EgressProxy proxy, string socket)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddHttpForwarder();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.ListenUnixSocket(socket, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => new EgressConnection(proxy, connection).ServeAsync(next));
            });
        });
        var app = builder.Build();
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        app.Run(context => AnswerAsync(proxy, forwarder, context));
        await app.StartAsync();
        SharedSocket.Open(socket);
        return new EgressServer(app);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(_app.EndAsync());

    private static async Task AnswerAsync(EgressProxy proxy, IHttpForwarder forwarder, HttpContext context)
    {
        var from = context.Features.GetRequiredFeature<EgressOrigin>();
        try
        {
            var call = await CallOfAsync(proxy, from, context);
            var body = Math.Min(context.Request.ContentLength ?? 0, LargestBody);
            var pass = await proxy.PassAsync(from.Client, call, LengthOfHead(context) + body, ofBody: body);
            var bare = context.Response.Body;
            context.Request.Body = new MeteredStream(context.Request.Body, pass.CountUp);
            context.Response.Body = new MeteredStream(bare, pass.CountDown);
            _ = await forwarder.SendAsync(context, "http://unused", proxy.Upstream, Forwarding, new ToUpstream(call, pass));
            if (context.GetForwarderErrorFeature()?.Exception is { } failed && !context.Response.HasStarted)
            {
                // What is said from here on is no host's answer.
                context.Response.Body = bare;
                await FailAsync(proxy, from.Client, call, context, failed);
            }
        }
        catch (NetworkRefusedException refused)
        {
            await SayAsync(context, StatusCodes.Status403Forbidden, refused.Message);
        }
        catch (Durable.Journal.JournalException stopped)
        {
            // What can't be journaled doesn't go out.
            await SayAsync(context, StatusCodes.Status503ServiceUnavailable, stopped.Message);
        }
    }

    /// <summary>What is asked for; the names of the request must be those of the connection.</summary>
    private static async Task<NetworkCall> CallOfAsync(EgressProxy proxy, EgressOrigin from, HttpContext context)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var (host, port, isTls, path) = (from.Host, from.Port, from.IsTls, target);
        if (host is null)
        {
            if (!Uri.TryCreate(target, UriKind.Absolute, out var uri) || uri.Scheme != "http" || uri.UserInfo.Length > 0
                || !NetworkReader.IsName(uri.IdnHost.ToLowerInvariant()))
            {
                throw await proxy.RefusedAsync(
                    from.Client, new NetworkCall(context.Request.Method, "", 80, target, false), 0,
                    "a proxy is asked by http:// and a whole address with a name, or by CONNECT");
            }

            (host, port) = (uri.IdnHost.ToLowerInvariant(), uri.Port);
            var slash = target.IndexOf('/', "http://".Length);
            path = slash < 0 ? "/" : target[slash..];
        }

        var call = new NetworkCall(context.Request.Method.ToUpperInvariant(), host, port, path, isTls) { ContentType = context.Request.ContentType };
        if (!path.StartsWith('/') || (context.Request.Host is { HasValue: true } named && !named.Host.Equals(host, StringComparison.OrdinalIgnoreCase)))
        {
            throw await proxy.RefusedAsync(from.Client, call, 0, $"the request is for {context.Request.Host}, and the connection for {host}");
        }

        return context.Request.Headers.Upgrade.Count == 0
            && context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true }
            && !context.Request.Headers.Connection.ToString().Contains("upgrade", StringComparison.OrdinalIgnoreCase)
            ? call
            : throw await proxy.RefusedAsync(from.Client, call, 0, "a connection can't become another one");
    }

    /// <summary>What address and headers take of a connection, as HTTP/1.1 writes them.</summary>
    private static long LengthOfHead(HttpContext context) =>
        context.Request.Method.Length + context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Length + 12
        + context.Request.Headers.Sum(header => header.Value.Sum(value => header.Key.Length + (value?.Length ?? 0) + 4));

    private static async Task FailAsync(EgressProxy proxy, NetworkClient client, NetworkCall call, HttpContext context, Exception failed)
    {
        context.Response.Clear();
        for (var cause = failed; cause is not null; cause = cause.InnerException)
        {
            if (cause is NetworkRefusedException refused)
            {
                await SayAsync(
                    context, StatusCodes.Status403Forbidden, (await proxy.RefusedAsync(client, call, 0, refused.Message)).Message);
                return;
            }
        }

        await SayAsync(context, StatusCodes.Status502BadGateway, $"{call.Host} doesn't answer: {failed.GetBaseException().Message}");
    }

    private static async Task SayAsync(HttpContext context, int status, string message)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";

        // Bytes that weren't read stay on the connection.
        context.Response.Headers.Connection = "close";
        await context.Response.WriteAsync($"godwit: {message}\n", context.RequestAborted);
    }

    /// <summary>Sends a request on as it was, to where it was for.</summary>
    private sealed class ToUpstream(NetworkCall call, NetworkPass pass) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext context, HttpRequestMessage request, string destinationPrefix, CancellationToken cancellation)
        {
            await base.TransformRequestAsync(context, request, destinationPrefix, cancellation);
            var port = call.Port == (call.IsTls ? 443 : 80) ? "" : $":{call.Port}";
            request.RequestUri = new Uri(
                $"{(call.IsTls ? "https" : "http")}://{call.Host}{port}{call.Path}",
                new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            if (request.RequestUri.IdnHost != call.Host || request.RequestUri.Port != call.Port)
            {
                throw new NetworkRefusedException($"{call.Host} can be read in two ways");
            }

            request.Headers.Host = null;
            request.Headers.Remove("Proxy-Authorization");
            request.Headers.Remove("Proxy-Connection");
            if (pass.Credential is var (name, value))
            {
                request.Headers.Remove(name);
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        public override async ValueTask<bool> TransformResponseAsync(
            HttpContext context, HttpResponseMessage? response, CancellationToken cancellation)
        {
            if (response?.StatusCode == HttpStatusCode.SwitchingProtocols)
            {
                throw new NetworkRefusedException($"{call.Host} answered with another protocol");
            }

            var goesOn = await base.TransformResponseAsync(context, response, cancellation);

            // Another way to the same host would be another connection than the one that was checked.
            context.Response.Headers.Remove("Alt-Svc");
            return goesOn;
        }
    }
}

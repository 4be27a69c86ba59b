using System.Net.Sockets;
using System.Text;
using Godwit.Identity;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Godwit.Server.Centre;

/// <summary>What an endpoint is open to.</summary>
/// <param name="Role">The least role; null for everybody who reaches the server.</param>
internal sealed record Needs(DeviceRole? Role);

/// <summary>
/// Stands before every endpoint: the right Host and Origin, then a token for whoever reads and a signature for whoever changes something.
/// An endpoint that says nothing is open to owners alone.
/// </summary>
internal sealed class CentreGuard(Devices devices, Func<int> port, CentreOptions options)
{
    /// <summary>Where the device of a request stands in its items.</summary>
    public const string Device = "device";

    /// <summary>Where the signed form of a request that changes something stands in its items.</summary>
    public const string Signed = "signed";

    private const long LargestBody = 1 << 20;
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; " +
        "manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    public async Task PassAsync(HttpContext context, RequestDelegate next)
    {
        Harden(context.Response.Headers);
        var isLocal = IsOfSocket(context);
        if (!isLocal && (!HasRightHost(context.Request) || context.Request.Headers["Sec-Fetch-Site"] == "cross-site"))
        {
            var host = options.PublicHost ?? "127.0.0.1 and localhost";
            await RefuseAsync(context, StatusCodes.Status421MisdirectedRequest, $"this server answers to {host} alone");
            return;
        }

        if (context.GetEndpoint() is not { } endpoint)
        {
            await next(context);
            return;
        }

        if (endpoint.Metadata.GetMetadata<LocalOnly>() is not null)
        {
            await (isLocal ? next(context) : RefuseAsync(context, StatusCodes.Status404NotFound, "there is no such address"));
            return;
        }

        if (endpoint.Metadata.GetMetadata<ForPrograms>() is not null)
        {
            if ((context.Items[Device] = devices.OfProgram(BearerOf(context.Request))) is null)
            {
                context.Response.Headers.WWWAuthenticate = "Bearer";
                await RefuseAsync(context, StatusCodes.Status401Unauthorized, "'godwit link --program NAME' prints a token for a program");
                return;
            }

            await next(context);
            return;
        }

        var needs = endpoint.Metadata.GetMetadata<Needs>()?.Role;
        if (endpoint.Metadata.GetMetadata<Needs>() is { Role: null })
        {
            await next(context);
            return;
        }

        if (await DeviceOfAsync(context) is not { } device)
        {
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "pair this browser with a link of 'godwit link'");
            return;
        }

        if (device.Role < (needs ?? DeviceRole.Own))
        {
            await RefuseAsync(
                context, StatusCodes.Status403Forbidden,
                $"'{device.Name}' has only the role {device.Role.ToString().ToLowerInvariant()}; 'godwit link --role own' pairs it as an owner");
            return;
        }

        if (options.IsRecording && !HttpMethods.IsGet(context.Request.Method) && endpoint.Metadata.GetMetadata<OfRuns>() is not null)
        {
            await RefuseAsync(context, StatusCodes.Status409Conflict, "this is a recording: nothing in it can be changed");
            return;
        }

        context.Items[Device] = device;
        await next(context);
    }

    /// <summary>Answers with one line.</summary>
    public static async Task RefuseAsync(HttpContext context, int status, string words)
    {
        context.Response.StatusCode = status;
        await context.Response.WriteAsJsonAsync(new Refused(words), CentreJson.Options, context.RequestAborted);
    }

    private static void Harden(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
        headers.CacheControl = "no-cache";
    }

    private bool HasRightHost(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (options.PublicHost is { } host)
        {
            return string.Equals(request.Host.Value, host, StringComparison.OrdinalIgnoreCase)
                && (origin.Length == 0 || string.Equals(origin, options.PublicOrigin, StringComparison.OrdinalIgnoreCase));
        }

        string[] hosts = port() == 80 ? ["127.0.0.1", "localhost"] : [$"127.0.0.1:{port()}", $"localhost:{port()}"];
        return hosts.Contains(request.Host.Value, StringComparer.OrdinalIgnoreCase)
            && (origin.Length == 0 || hosts.Contains(origin.Replace("http://", "", StringComparison.Ordinal), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Whether a request came by the socket of the user's own folder; a proxy's is another.</summary>
    private bool IsOfSocket(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket is { AddressFamily: AddressFamily.Unix, LocalEndPoint: { } end }
        && end.ToString() == options.Socket;

    private static string BearerOf(HttpRequest request) =>
        request.Headers[HeaderNames.Authorization].ToString() is var bearer && bearer.StartsWith("Bearer ", StringComparison.Ordinal)
            ? bearer["Bearer ".Length..]
            : "";

    private async Task<Identity.Device?> DeviceOfAsync(HttpContext context)
    {
        var request = context.Request;
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return devices.OfToken(BearerOf(request));
        }

        using var body = new MemoryStream();
        if (request.ContentLength is > LargestBody)
        {
            return null;
        }

        await request.Body.CopyToAsync(body, context.RequestAborted);
        request.Body = new MemoryStream(body.ToArray());
        var signed = new SignedRequest(
            Header("Godwit-Device"), "", request.Method, $"{request.Path}{request.QueryString}",
            Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length), "", Header("Godwit-Counter"), Header("Godwit-Signature"));
        var known = devices.OfRequest(signed);
        context.Items[Signed] = known?.Signed;
        return known?.Device;

        string Header(string name) => request.Headers[name].ToString();
    }
}

/// <summary>Marks endpoints that are about runs.</summary>
internal sealed record OfRuns;

/// <summary>Marks an endpoint for programs, which show a token of their own and reach nothing else.</summary>
internal sealed record ForPrograms;

/// <summary>Marks an endpoint that only the socket in the user's own folder reaches.</summary>
internal sealed record LocalOnly;

/// <summary>Why something was refused.</summary>
/// <param name="Error">One line.</param>
public sealed record Refused(string Error);

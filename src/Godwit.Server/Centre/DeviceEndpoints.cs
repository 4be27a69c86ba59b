using Godwit.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Godwit.Server.Centre;

/// <summary>What a browser sends to be paired.</summary>
/// <param name="Code">Of the link.</param>
/// <param name="Key">Its public key, a P-256 SubjectPublicKeyInfo in base64.</param>
/// <param name="Name">What it is called.</param>
public sealed record PairBody(string Code, string Key, string Name);

/// <summary>What a browser sends for a token.</summary>
/// <param name="Device">The device.</param>
/// <param name="Nonce">What it was given to sign.</param>
/// <param name="Signature">Over <c>token</c>, the boot and the nonce, a line each; in base64.</param>
public sealed record TokenBody(string Device, string Nonce, string Signature);

/// <summary>Something to sign.</summary>
/// <param name="Boot">Of this start of the server.</param>
/// <param name="Value">To be signed once.</param>
public sealed record Nonce(string Boot, string Value);

/// <summary>A device that was just paired.</summary>
/// <param name="Id">Names it.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Role">What it may do.</param>
public sealed record Paired(string Id, string Name, DeviceRole Role);

/// <summary>A token to read with.</summary>
/// <param name="Value">Goes into the Authorization header, behind <c>Bearer</c>.</param>
/// <param name="Until">When it ends.</param>
/// <param name="Name">What the device is called.</param>
/// <param name="Role">What it may do.</param>
public sealed record Token(string Value, DateTimeOffset Until, string Name, DeviceRole Role);

/// <summary>What a new link is for.</summary>
/// <param name="Role">What the device may do that is paired with it.</param>
public sealed record LinkBody(DeviceRole Role);

/// <summary>A program that is to be let in.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Role">What it may do.</param>
public sealed record ProgramBody(string Name, DeviceRole Role);

/// <summary>What a program shows.</summary>
/// <param name="Token">Goes into its Authorization header, behind <c>Bearer</c>.</param>
public sealed record ProgramToken(string Token);

/// <summary>A link that pairs one browser.</summary>
/// <param name="Address">The link; good for ten minutes, once.</param>
public sealed record Link(string Address);

/// <summary>Pairing, tokens, and the devices there are.</summary>
internal static class DeviceEndpoints
{
    public static void Map(IEndpointRouteBuilder app, Devices devices, Func<DeviceRole, string> newLink)
    {
        var everybody = new Needs(null);
        app.MapGet("/api/nonce", () => new Nonce(devices.Boot, devices.NewNonce())).WithMetadata(everybody);
        app.MapPost("/api/pair", Results<Ok<Paired>, JsonHttpResult<Refused>> (PairBody body) =>
        {
            try
            {
                return devices.Pair(body.Code, body.Key, body.Name) is { } device
                    ? TypedResults.Ok(new Paired(device.Id, device.Name, device.Role))
                    : No(StatusCodes.Status403Forbidden, "this link was used, or is older than ten minutes; 'godwit link' prints another");
            }
            catch (FormatException wrong)
            {
                return No(StatusCodes.Status400BadRequest, wrong.Message);
            }
        }).WithMetadata(everybody);
        app.MapPost("/api/token", Results<Ok<Token>, JsonHttpResult<Refused>> (TokenBody body) =>
            devices.NewToken(body.Device, body.Nonce, body.Signature) is { } token
                ? TypedResults.Ok(new Token(token.Token, token.Until, token.Device.Name, token.Device.Role))
                : No(StatusCodes.Status401Unauthorized, "this browser isn't paired; 'godwit link' prints a link")).WithMetadata(everybody);

        app.MapGet("/api/devices", () => devices.All().Select(device => device with { Key = "" })).WithMetadata(new Needs(DeviceRole.Own));
        app.MapDelete("/api/devices/{id}", Results<Ok<Done>, JsonHttpResult<Refused>> (string id) => devices.Revoke(id)
            ? TypedResults.Ok(new Done("forgotten"))
            : No(StatusCodes.Status404NotFound, "there is no such device")).WithMetadata(new Needs(DeviceRole.Own));
        app.MapPost("/api/link", (LinkBody body) => new Link(newLink(body.Role))).WithMetadata(new Needs(DeviceRole.Own));
        app.MapPost("/local/program", (ProgramBody body) => new ProgramToken(devices.NewProgram(body.Name, body.Role)))
            .WithMetadata(new LocalOnly()).ExcludeFromDescription();
        app.MapPost("/local/link", (LinkBody body) => new Link(newLink(body.Role))).WithMetadata(new LocalOnly()).ExcludeFromDescription();
    }

    private static JsonHttpResult<Refused> No(int status, string words) => TypedResults.Json(new Refused(words), statusCode: status);
}

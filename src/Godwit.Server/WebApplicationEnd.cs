using Microsoft.AspNetCore.Builder;

namespace Godwit.Server;

/// <summary>How servers end.</summary>
internal static class WebApplicationEnd
{
    /// <summary>Stops an application: requests that are open have a second, and nobody is waited for after that.</summary>
    public static async Task EndAsync(this WebApplication app)
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        try
        {
            await app.StopAsync(now.Token);
        }
        catch (OperationCanceledException)
        {
        }

        await app.DisposeAsync();
    }
}

using System.Text;
using Godwit.Durable.Journal;

namespace Godwit.Identity;

/// <summary>Signs what belongs to one run; a signature of one run or one purpose can't be passed off as another's.</summary>
/// <param name="key">The run's own key.</param>
public sealed class RunSigner(SigningKey key) : IHeadSigner, IDisposable
{
    private static readonly byte[] Domain = Encoding.UTF8.GetBytes("godwit journal checkpoint 1\n");

    /// <summary>The run's key, made with the run's folder.</summary>
    public static RunSigner Of(RunFolder folder) => new(SigningKey.LoadOrCreate(folder.Key));

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> statement) => key.Sign([.. Domain, .. statement]);

    /// <inheritdoc/>
    public bool Verify(ReadOnlySpan<byte> statement, ReadOnlySpan<byte> signature) =>
        key.Public.Verify([.. Domain, .. statement], signature);

    /// <inheritdoc/>
    public void Dispose() => key.Dispose();
}

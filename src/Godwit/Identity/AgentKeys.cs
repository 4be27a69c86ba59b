using System.Security.Cryptography;
using System.Text;
using Godwit.Durable.Journal;

namespace Godwit.Identity;

/// <summary>
/// The keys of a run's agents, one each. They are derived from the run's own key (HKDF, RFC 5869), so that a run that is resumed signs
/// with the same ones, and none lies anywhere.
/// </summary>
/// <param name="seed">The run's private key.</param>
public sealed class AgentKeys(byte[] seed)
{
    private const string Purpose = "godwit agent key 1\n";

    /// <summary>The keys of a run's agents.</summary>
    /// <exception cref="InvalidDataException">The run's key can't be read.</exception>
    public static AgentKeys Of(RunFolder folder)
    {
        using var key = SigningKey.Load(folder.Key);
        return new AgentKeys(key.Seed.ToArray());
    }

    /// <summary>An agent's key.</summary>
    /// <param name="agent">Its name, unique in the run.</param>
    public SigningKey this[string agent] =>
        SigningKey.FromSeed(HKDF.DeriveKey(HashAlgorithmName.SHA256, seed, 32, info: Encoding.UTF8.GetBytes(Purpose + agent)));
}

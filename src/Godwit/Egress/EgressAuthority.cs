using System.Collections.Concurrent;
using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Godwit.Egress;

/// <summary>
/// A run's own certificate authority, by which its proxy opens TLS. Its key is in memory only, and it is good for nothing but the
/// domains that the goal names (RFC 5280, 4.2.1.10).
/// </summary>
internal sealed class EgressAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string NameConstraints = "2.5.29.30";
    private const int MostLeaves = 1000;

    // A list that names nothing would permit everything; this is no name that anybody has (RFC 6761, 6.4).
    private const string Nobody = "nobody.invalid";

    // Clocks inside and outside are the same; a day covers what a machine's time may be corrected by.
    private static readonly TimeSpan Before = TimeSpan.FromDays(1);
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(90);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private readonly ConcurrentDictionary<string, Lazy<SslStreamCertificateContext>> _leaves = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _from;

    /// <summary>Makes one.</summary>
    /// <param name="domains">Names that it may vouch for, with all below them.</param>
    /// <param name="now">When it begins, but for a day.</param>
    public EgressAuthority(IEnumerable<string> domains, DateTimeOffset now)
    {
        _from = now - Before;
        var request = new CertificateRequest("CN=Godwit run", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var named = domains.DefaultIfEmpty(Nobody).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        request.CertificateExtensions.Add(new X509Extension(NameConstraints, Constraints(named), critical: true));
        _certificate = request.CreateSelfSigned(_from, now + Lifetime);
        Pem = _certificate.ExportCertificatePem() + "\n";
    }

    /// <summary>The certificate that sandboxes are to trust, as PEM.</summary>
    public string Pem { get; }

    /// <summary>What the proxy shows for a host.</summary>
    public SslStreamCertificateContext For(string host)
    {
        if (_leaves.Count > MostLeaves)
        {
            _leaves.Clear();
        }

        return _leaves.GetOrAdd(host, name => new Lazy<SslStreamCertificateContext>(() => Make(name))).Value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
        _leafKey.Dispose();
    }

    private SslStreamCertificateContext Make(string host)
    {
        var request = new CertificateRequest("CN=Godwit proxy", _leafKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        using var bare = request.Create(_certificate, _from, _certificate.NotAfter, RandomNumberGenerator.GetBytes(16));
        return SslStreamCertificateContext.Create(bare.CopyWithPrivateKey(_leafKey), [_certificate], offline: true);
    }

    /// <summary>Permits the domains and what is below them, and no address.</summary>
    private static byte[] Constraints(IEnumerable<string> domains)
    {
        var dnsName = new Asn1Tag(TagClass.ContextSpecific, 2);
        var address = new Asn1Tag(TagClass.ContextSpecific, 7);
        var (permitted, excluded) = (new Asn1Tag(TagClass.ContextSpecific, 0), new Asn1Tag(TagClass.ContextSpecific, 1));
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence(permitted))
            {
                foreach (var domain in domains)
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteCharacterString(UniversalTagNumber.IA5String, domain, dnsName);
                    }
                }
            }

            using (writer.PushSequence(excluded))
            {
                // A network and its mask, all zero: every address.
                foreach (var length in (int[])[8, 32])
                {
                    using (writer.PushSequence())
                    {
                        writer.WriteOctetString(new byte[length], address);
                    }
                }
            }
        }

        return writer.Encode();
    }
}

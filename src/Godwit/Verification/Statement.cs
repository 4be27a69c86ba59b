using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Godwit.Identity;
using Godwit.Workspaces;

namespace Godwit.Verification;

/// <summary>An in-toto statement (v1) about one commit.</summary>
/// <typeparam name="TPredicate">What it says of it.</typeparam>
public sealed record Statement<TPredicate>
{
    /// <summary>The statement's type.</summary>
    [JsonPropertyName("_type")]
    public string Type { get; init; } = "";

    /// <summary>What it is about: one commit.</summary>
    public required IReadOnlyList<EvidenceSubject> Subject { get; init; }

    /// <summary>The predicate's type.</summary>
    public string PredicateType { get; init; } = "";

    /// <summary>What it says.</summary>
    public required TPredicate Predicate { get; init; }
}

/// <summary>A statement whose form and signature hold, and whose key is trusted.</summary>
/// <param name="Statement">The statement.</param>
/// <param name="Key">Who signed it.</param>
/// <param name="KeyName">The name under which the key is trusted.</param>
public sealed record VerifiedStatement<TPredicate>(Statement<TPredicate> Statement, PublicKey Key, string KeyName);

/// <summary>Makes and opens statements.</summary>
internal static class Statements
{
    /// <summary>A statement about a commit of a run's clone.</summary>
    public static async Task<Statement<T>> OfAsync<T>(
        string type, T predicate, RunRepository repository, string commit, CancellationToken cancellation) => new()
    {
        Type = EvidenceStatement.StatementType,
        PredicateType = type,
        Subject = [await EvidenceSubject.OfCommitAsync(repository, commit, cancellation)],
        Predicate = predicate,
    };

    /// <summary>Opens an envelope with a statement of a type.</summary>
    /// <param name="file">The envelope's bytes.</param>
    /// <param name="type">The predicate's type.</param>
    /// <param name="keyOf">The key that the predicate names, in base64.</param>
    /// <param name="trusted">The name under which a key is trusted, or null.</param>
    /// <exception cref="EvidenceException">It is refused.</exception>
    public static VerifiedStatement<T> Open<T>(byte[] file, string type, Func<T, string> keyOf, Func<PublicKey, string?> trusted)
    {
        var (statement, key, name) = Dsse.Open<Statement<T>>(
            file, known => known.PredicateType == type && known.Type == EvidenceStatement.StatementType, known => keyOf(known.Predicate), trusted);
        return new VerifiedStatement<T>(statement, key, name);
    }

    /// <summary>The commit that a statement is about.</summary>
    public static string? CommitOf<T>(Statement<T> statement) => statement.Subject is [var subject] ? subject.Digest.GetValueOrDefault("gitCommit") : null;

    /// <summary>A time as statements have it, UTC.</summary>
    public static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>SHA-256 of a command, in lower-case hexadecimal.</summary>
    public static string Hash(string command) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(command)));
}

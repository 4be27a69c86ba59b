using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Godwit.Durable.Journal;

namespace Godwit.Durable;

/// <summary>The one JSON form of inputs and results: names sorted, defaults omitted, types with a declared contract only.</summary>
internal static class Canonical
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,

        // A sorted object has its type's name wherever the alphabet puts it.
        AllowOutOfOrderMetadataProperties = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SortProperties, OmitDefaults } },
    };

    public static byte[] Serialize<T>(T value)
    {
        var unordered = Contract.Require(typeof(T)).HasDictionary;
        return unordered
            ? SortedBytes(JsonSerializer.SerializeToNode(value, Options))
            : JsonSerializer.SerializeToUtf8Bytes(value, Options);
    }

    /// <exception cref="JournalVersionException">Another version wrote it, with a form that this one doesn't read.</exception>
    public static T Deserialize<T>(ReadOnlySpan<byte> json)
    {
        Contract.Require(typeof(T));
        try
        {
            return JsonSerializer.Deserialize<T>(json, Options)!;
        }
        catch (JsonException error)
        {
            throw new JournalVersionException(
                $"the journal has {typeof(T).Name} in a form that this version of godwit doesn't read (at " +
                $"{error.Path ?? "$"}); use the version that started the run",
                error);
        }
    }

    /// <summary>SHA-256 over the version and the canonical form.</summary>
    public static byte[] Hash(int version, ReadOnlySpan<byte> json, string? tree = null)
    {
        var head = tree is null && version == 0
            ? "0\n"u8
            : System.Text.Encoding.UTF8.GetBytes(tree is null ? $"{version}\n" : $"{version}\n{tree}\n");
        var length = head.Length + json.Length;
        var bytes = length <= 512 ? stackalloc byte[length] : new byte[length];
        head.CopyTo(bytes);
        json.CopyTo(bytes[head.Length..]);
        return SHA256.HashData(bytes);
    }

    public static string Describe(ReadOnlySpan<byte> json) => System.Text.Encoding.UTF8.GetString(json.Length > 200 ? json[..200] : json);

    private static byte[] SortedBytes(JsonNode? node) => JsonSerializer.SerializeToUtf8Bytes(Sorted(node), Options);

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map =>
            new JsonObject(
                map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private static void SortProperties(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        var sorted = type.Properties.OrderBy(property => property.Name, StringComparer.Ordinal).ToList();
        type.Properties.Clear();
        foreach (var property in sorted)
        {
            type.Properties.Add(property);
        }
    }

    /// <summary>
    /// Leaves out what reading would put there anyway: the value that a constructor or an initialiser gives, which need not
    /// be the type's own. So a member that is added later changes no hash while it has its default.
    /// </summary>
    private static void OmitDefaults(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object || type.Type.IsAbstract)
        {
            return;
        }

        var fresh = type.Type.GetConstructor([]) is not null ? Activator.CreateInstance(type.Type) : null;
        var parameters = type.Type.GetConstructors()
            .SelectMany(constructor => constructor.GetParameters())
            .GroupBy(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase)
            .ToDictionary(group => group.Key!, group => group.First(), StringComparer.OrdinalIgnoreCase);
        foreach (var property in type.Properties.Where(property => property.Get is not null))
        {
            object? missing;
            if (fresh is not null)
            {
                missing = property.Get!(fresh);
            }
            else if (parameters.TryGetValue(property.Name, out var parameter) && parameter.ParameterType == property.PropertyType)
            {
                missing = parameter is { HasDefaultValue: true, DefaultValue: { } value } ? value
                    : property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : null;
            }
            else
            {
                continue;
            }

            property.ShouldSerialize = (_, value) => !IsSame(value, missing);
        }
    }

    private static bool IsSame(object? value, object? missing) =>
        Equals(value, missing)
            || (value is System.Collections.ICollection { Count: 0 } && missing is System.Collections.ICollection { Count: 0 });
}

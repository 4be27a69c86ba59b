using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Godwit.Durable;

/// <summary>The one JSON form of inputs and results: names sorted, defaults omitted, types with a declared contract only.</summary>
internal static class Canonical
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,

        // A sorted object has its type's name wherever the alphabet puts it.
        AllowOutOfOrderMetadataProperties = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SortProperties } },
    };

    public static byte[] Serialize<T>(T value)
    {
        var unordered = Contract.Require(typeof(T)).HasDictionary;
        return unordered ? SortedBytes(JsonSerializer.SerializeToNode(value, Options)) : JsonSerializer.SerializeToUtf8Bytes(value, Options);
    }

    public static T Deserialize<T>(ReadOnlySpan<byte> json)
    {
        Contract.Require(typeof(T));
        return JsonSerializer.Deserialize<T>(json, Options)!;
    }

    /// <summary>SHA-256 over the version and the canonical form.</summary>
    public static byte[] Hash(int version, ReadOnlySpan<byte> json, string? tree = null)
    {
        var head = System.Text.Encoding.UTF8.GetBytes(tree is null ? $"{version}\n" : $"{version}\n{tree}\n");
        var bytes = new byte[head.Length + json.Length];
        head.CopyTo(bytes, 0);
        json.CopyTo(bytes.AsSpan(head.Length));
        return SHA256.HashData(bytes);
    }

    public static string Describe(ReadOnlySpan<byte> json) => System.Text.Encoding.UTF8.GetString(json.Length > 200 ? json[..200] : json);

    private static byte[] SortedBytes(JsonNode? node) => JsonSerializer.SerializeToUtf8Bytes(Sorted(node), Options);

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, Sorted(pair.Value)))),
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
}

using System.Text.Json;
using System.Text.Json.Serialization;

namespace SearchServer;

/// <summary>What settings.json says.</summary>
public sealed record Settings
{
    [JsonPropertyName("connection")] public string Connection { get; init; } = "per_request";
    [JsonPropertyName("pooling")] public bool Pooling { get; init; }
    [JsonPropertyName("cache_kib")] public int CacheKib { get; init; } = 2000;
    [JsonPropertyName("mmap_mib")] public int MmapMib { get; init; }
    [JsonPropertyName("page_size")] public int PageSize { get; init; } = 4096;
    [JsonPropertyName("optimize")] public bool Optimize { get; init; }
    [JsonPropertyName("threads")] public int Threads { get; init; } = 8;
    [JsonPropertyName("answers")] public int Answers { get; init; }
    [JsonPropertyName("share")] public double Share { get; init; } = 1;
    [JsonPropertyName("candidates")] public int Candidates { get; init; }
    [JsonIgnore] public bool ReadOnly { get; init; } = true;

    public static Settings Load(string file) => JsonSerializer.Deserialize<Settings>(File.ReadAllText(file))!;
}

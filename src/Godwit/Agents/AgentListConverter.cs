using System.Text.Json;
using System.Text.Json.Serialization;

namespace Godwit.Agents;

/// <summary>
/// Agents in a journal, as in a goal file: one as a mapping, several as a list. Runs from before a goal could have several
/// have the mapping.
/// </summary>
internal sealed class AgentListConverter : JsonConverter<IReadOnlyList<AgentSpec>>
{
    public override IReadOnlyList<AgentSpec> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.StartObject
        ? [JsonSerializer.Deserialize<AgentSpec>(ref reader, options)!]
        : JsonSerializer.Deserialize<List<AgentSpec>>(ref reader, options)!;

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<AgentSpec> value, JsonSerializerOptions options)
    {
        if (value is [var only])
        {
            JsonSerializer.Serialize(writer, only, options);
        }
        else
        {
            JsonSerializer.Serialize(writer, value, options);
        }
    }
}

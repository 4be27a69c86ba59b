using System.Text.Json;

namespace Godwit.Playbooks;

/// <summary>States as they are printed, for people and for programs.</summary>
internal static class Snake
{
    /// <summary>A state in lower case, its words joined by underscores.</summary>
    public static string Of<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}

namespace Godwit.Models;

/// <summary>Who answers agents: the models of the catalogue, unless one of these says otherwise.</summary>
public sealed record ModelSource
{
    /// <summary>A folder in which a person or a program answers; null for none.</summary>
    public string? Mailbox { get; init; }

    /// <summary>A file of recorded replies that is played; null for none.</summary>
    public string? Cassette { get; init; }

    /// <summary>A file that replies are recorded in; null for none.</summary>
    public string? Record { get; init; }

    /// <summary>Whether that file may have replies already, to which new ones are added: those of the run before this one. Default no.</summary>
    public bool AddsToRecord { get; init; }
}

namespace Godwit.Playbooks.Reports;

/// <summary>Text in HTML.</summary>
internal static class Html
{
    public static string Text(string? text) => System.Net.WebUtility.HtmlEncode(text) ?? "";
}

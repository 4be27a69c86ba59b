namespace Godwit.Tests.Cli;

public sealed class GuardianTests : IDisposable
{
    private readonly Program _command = new();

    public void Dispose() => _command.Dispose();

    [Fact]
    public void Test_JudgesACorpus_ByItsLabelsOrFinerOnes()
    {
        var folder = _command.Folder(
            "corpus",
            ("commands.jsonl", """
                {"label": "malicious", "family": "T1", "command": "sudo id"}
                {"label": "malicious", "family": "T2", "command": "ls"}
                {"label": "ordinary", "family": "cat", "command": "cat a.txt"}
                {"label": "ordinary", "family": "cat", "command": "cat ~/a.txt"}
                """),
            ("labels.tsv", "# a comment\n6cd4a8f0e3e84a7c\tunused\n"));
        var corpus = Path.Combine(folder, "commands.jsonl");
        var (exit, output, error) = _command.Run("guardian", "test", corpus);
        Assert.True(exit == 0, error);
        Assert.Matches(@"(?m)^malicious +2 +1 +50\.0% \(9-91\) +0 +0\.0% \(0-66\) +1 +50\.0% \(9-91\)$", output);
        Assert.Matches(@"(?m)^ordinary +2 +1 +50\.0% \(9-91\) +1 +50\.0% \(9-91\) +0 +0\.0% \(0-66\)$", output);
        Assert.Matches(@"(?m)^T1 +1 +0 ", output);
        Assert.Contains("a decision takes", output, StringComparison.Ordinal);

        Assert.Contains("deny  no more rights", _command.Run("guardian", "test", corpus, "--list", "malicious").Output, StringComparison.Ordinal);
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("ls"u8))[..16];
        var labels = Path.Combine(folder, "labels.tsv");
        File.AppendAllText(labels, $"{hash}\tdiscovery\n");
        var finer = _command.RunJson("guardian", "test", corpus, "--labels", labels);
        Assert.Equal(["malicious", "discovery", "ordinary"], finer.EnumerateArray().Select(row => row.GetProperty("label").GetString()));
    }

    [Theory]
    [InlineData("nonsense", null, null, "commands.jsonl:1: a line must be a JSON object with the texts label, family and command")]
    [InlineData("{\"label\": 1, \"family\": \"f\", \"command\": \"ls\"}", null, null, "commands.jsonl:1: a line must be")]
    [InlineData("", null, null, "has no commands")]
    [InlineData("{\"label\": \"a\", \"family\": \"f\", \"command\": \"ls\"}", "abc\n", null, "labels.tsv:1: a line must be 16 digits, a tab and a label")]
    [InlineData(
        "{\"label\": \"a\", \"family\": \"f\", \"command\": \"ls\"}", "0123456789abcdef\ta\n0123456789abcdef\tb\n", null,
        "labels.tsv:2: 0123456789abcdef has a label already")]
    [InlineData("{\"label\": \"a\", \"family\": \"f\", \"command\": \"ls\"}", null, "b", "no command is labelled 'b'; there are a")]
    public void Test_WhatCantBeRead_IsSaidWithItsPlace(string corpus, string? labels, string? list, string message)
    {
        var folder = _command.Folder("corpus", ("commands.jsonl", corpus), ("labels.tsv", labels ?? ""));
        string[] finer = labels is null ? [] : ["--labels", Path.Combine(folder, "labels.tsv")];
        string[] listed = list is null ? [] : ["--list", list];
        var (exit, _, error) = _command.Run(["guardian", "test", Path.Combine(folder, "commands.jsonl"), .. finer, .. listed]);
        Assert.Equal(2, exit);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Test_FileThatIsntThere_IsSaid() =>
        Assert.Contains("there is no file /nowhere", _command.Run("guardian", "test", "/nowhere").Error, StringComparison.Ordinal);
}

using System.Net.Sockets;
using Godwit.Durable;
using Godwit.Durable.Journal;

namespace Godwit.Tests.Durable;

/// <summary>Many ask a run's owner at once, and one that says nothing keeps nobody waiting.</summary>
public sealed class RunControlTests : IDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly RunFixture _runs = new();

    public void Dispose() => _runs.Dispose();

    [Fact]
    public async Task Ask_BesideSilentAndRudeClients_IsAnswered()
    {
        var released = new TaskCompletionSource();
        var root = new Script<string, string>("waits", async (context, input) =>
            await context.StepAsync("wait", Effect.Repeatable, input, async (one, _, stop) =>
            {
                await released.Task.WaitAsync(stop);
                return one;
            }));
        await using var run = await _runs.CreateAsync(root, "in");
        using var stop = new CancellationTokenSource();
        await using var control = RunControl.Listen(run, stop);
        var ends = run.RunAsync(stop.Token);
        using var silent = Connect(run.Journal.Folder);
        using var half = Connect(run.Journal.Folder);
        half.Send("{\"Ask\":"u8);
        using var rude = Connect(run.Journal.Folder);
        rude.Send("no JSON\n"u8);

        var asked = Enumerable.Range(0, 20).Select(number => RunControl.AskAsync(
            run.Journal.Folder, new ControlRequest("signal", DurableRun.Root, "word", $"{number % 10}", "1"), CancellationToken.None));
        var replies = await Task.WhenAll(asked).WaitAsync(Soon);
        Assert.Equal(10, replies.Count(reply => reply!.Done));
        Assert.Equal(10, replies.Count(reply => reply!.Message == "it was answered before"));
        Assert.Contains("invalid", await AnswerAsync(rude), StringComparison.Ordinal);

        // What came in halves is one request.
        half.Send("\"nonsense\"}\n"u8);
        Assert.Contains("this owner doesn", await AnswerAsync(half), StringComparison.Ordinal);
        Assert.True((await RunControl.AskAsync(run.Journal.Folder, new ControlRequest("stop"), CancellationToken.None))!.Done);
        Assert.Equal(RunState.Stopped, (await ends.WaitAsync(Soon)).State);
    }

    [Fact]
    public async Task OpenVerified_Again_SeesWhatWasChangedSince()
    {
        var root = new Script<string, string>("one", (context, input) =>
            context.StepAsync("step", Effect.Repeatable, input, (one, _, _) => Task.FromResult(one)));
        await _runs.RunAsync(root);
        var folder = _runs.Folder();
        JournalReader.OpenVerified(folder).Dispose();
        JournalReader.OpenVerified(folder).Dispose();

        using (var database = Database.OpenExisting(folder.Journal))
        {
            database.Execute("UPDATE entries SET data = x'2231' WHERE seq = 3");
        }

        Assert.Contains("entry 3", Assert.Throws<JournalCorruptException>(() => JournalReader.OpenVerified(folder)).Message, StringComparison.Ordinal);

        // A cache that says nothing useful is no cache.
        File.WriteAllText(folder.Verified, "{");
        Assert.Throws<JournalCorruptException>(() => JournalReader.OpenVerified(folder));
    }

    [Fact]
    public async Task Page_OfAJournal_HasSoManyEntriesAndNoMore()
    {
        var root = new Script<string, string>("one", (context, input) =>
            context.StepAsync("step", Effect.Repeatable, input, (one, _, _) => Task.FromResult(one)));
        await _runs.RunAsync(root);
        using var reader = JournalReader.Open(_runs.Folder());
        var all = reader.After(0);
        Assert.Equal([1, 2], reader.Page(0, 2, []).Select(entry => entry.Sequence));
        Assert.Equal(all.Skip(2).Select(entry => entry.Sequence), reader.Page(2, 1000, []).Select(entry => entry.Sequence));
        Assert.Equal(64, reader.HashOf(1)!.Length);
        Assert.Null(reader.HashOf(all.Count + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => reader.Page(0, 0, []));
    }

    private static Socket Connect(RunFolder folder)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(folder.Socket));
        return socket;
    }

    private static async Task<string> AnswerAsync(Socket socket)
    {
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadLineAsync().WaitAsync(Soon) ?? "";
    }
}

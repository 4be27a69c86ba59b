using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Godwit.Durable.Journal;
using Microsoft.Extensions.Logging;

namespace Godwit.Durable.Hosting;

/// <summary>
/// An application's runs. One that is started is hosted until its end, and resumed by the application's next start if that comes first. All
/// members can be used from several threads.
/// </summary>
public sealed class DurableRuns : IAsyncDisposable
{
    private const string IdLetters = "abcdefghjkmnpqrstvwxyz23456789";

    private readonly string _folder;
    private readonly PlaybookCatalogue _playbooks;
    private readonly DurableOptions _options;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, HostedRun> _runs =
        new(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);
    private readonly SemaphoreSlim _starting = new(1);
    private Task? _stopped;

    internal DurableRuns(string folder, IEnumerable<Playbook> playbooks, DurableOptions options, ILogger log)
    {
        _folder = folder;
        _playbooks = new PlaybookCatalogue(playbooks);

        // An application that is killed again and again has runs that only wait; they are no reason to stop waiting.
        _options = options with { IdleGenerations = int.MaxValue };
        _log = log;
    }

    /// <summary>All runs that this application has started, resumed or asked for.</summary>
    internal IReadOnlyList<HostedRun> Hosted => [.. _runs.Values];

    /// <summary>Starts a run, or finds the one that was started with the same id, playbook and input.</summary>
    /// <param name="playbook">The playbook of its root process.</param>
    /// <param name="input">Its input.</param>
    /// <param name="id">Names the run and its folder: letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, at most 100. Default: made
    /// of the playbook's name, the date and chance.</param>
    /// <returns>The run; its start is durable.</returns>
    /// <exception cref="ArgumentException">The id isn't of that form, or belongs to a run with another playbook or input; or the
    /// playbook wasn't added.</exception>
    /// <exception cref="JournalException">The disk refuses the new run, or holds something else under its id.</exception>
    /// <exception cref="ObjectDisposedException">The application is ending.</exception>
    public async Task<RunHandle<TOut>> StartAsync<TIn, TOut>(Playbook<TIn, TOut> playbook, TIn input, string? id = null)
    {
        if (_playbooks.Find(playbook.Name) is null)
        {
            throw new ArgumentException(
                $"the playbook '{playbook.Name}' is unknown here, so a run of it couldn't be resumed; add it with " +
                $"AddPlaybook<{playbook.GetType().Name}>()",
                nameof(playbook));
        }

        var folder = FolderOf(id ?? NewId(playbook.Name));
        await _starting.WaitAsync();
        try
        {
            ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, this);
            if (IsStarted(folder, playbook.Name, input))
            {
                return new RunHandle<TOut>(Host_NeedsLock(folder));
            }

            var run = NewRun(folder);
            await run.StartAsync(playbook, input, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 11);
            _runs[folder.Id] = run;
            return new RunHandle<TOut>(run);
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Finds a run that was started before, in this process or an earlier one, whether it has ended or not.</summary>
    /// <param name="playbook">The playbook of its root process.</param>
    /// <param name="id">Its id.</param>
    /// <exception cref="ArgumentException">It is a run of another playbook.</exception>
    /// <exception cref="JournalException">There is no such run, or its journal can't be read.</exception>
    public RunHandle<TOut> Find<TIn, TOut>(Playbook<TIn, TOut> playbook, string id)
    {
        var folder = FolderOf(id);
        _starting.Wait();
        try
        {
            using (var reader = JournalReader.Open(folder))
            {
                if (RootProcess.Playbook(reader) is var other && other != playbook.Name)
                {
                    throw new ArgumentException($"run '{id}' is of '{other}' and not of '{playbook.Name}'", nameof(playbook));
                }
            }

            return new RunHandle<TOut>(Host_NeedsLock(folder));
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Stops all runs, and gives up their folders.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
        _starting.Dispose();
    }

    /// <summary>Takes up every run in the folder that hasn't ended.</summary>
    internal void ResumeAll()
    {
        Directory.CreateDirectory(_folder);
        _starting.Wait();
        try
        {
            foreach (var path in Directory.EnumerateDirectories(_folder))
            {
                var folder = new RunFolder(path);
                if (File.Exists(folder.Journal) && IsUnfinished(folder))
                {
                    Host_NeedsLock(folder);
                }
            }
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>Ends hosting: running work is cancelled, and what has finished is journaled.</summary>
    internal Task StopAsync()
    {
        lock (_runs)
        {
            return _stopped ??= StopOnceAsync();
        }
    }

    private async Task StopOnceAsync()
    {
        await _starting.WaitAsync();
        try
        {
            await _stopping.CancelAsync();
        }
        finally
        {
            _starting.Release();
        }

        foreach (var run in _runs.Values)
        {
            await run.DisposeAsync();
        }
    }

    /// <summary>The run of a folder, taken up if it isn't; one that was broken is tried again.</summary>
    private HostedRun Host_NeedsLock(RunFolder folder)
    {
        if (_runs.TryGetValue(folder.Id, out var hosted) && hosted.Status != RunStatus.Broken)
        {
            return hosted;
        }

        var run = _runs[folder.Id] = NewRun(folder);
        run.Resume();
        return run;
    }

    private HostedRun NewRun(RunFolder folder) => new(folder, _playbooks, _options, _log, _stopping.Token);

    private static bool IsUnfinished(RunFolder folder)
    {
        try
        {
            // A start that never became durable was never acknowledged: there is nothing to take up.
            using var reader = JournalReader.Open(folder);
            return RootProcess.IsStarted(reader) && RootProcess.End(reader) is null;
        }
        catch (Exception error) when (error is JournalException or IOException or UnauthorizedAccessException)
        {
            // Hosting it says what is wrong with it.
            return true;
        }
    }

    /// <summary>Whether the id is taken by a run with this input. What was left of a start that never became durable is removed.</summary>
    private static bool IsStarted<TIn>(RunFolder folder, string playbook, TIn input)
    {
        if (!File.Exists(folder.Journal))
        {
            return false;
        }

        using (var reader = JournalReader.Open(folder))
        {
            if (RootProcess.IsStarted(reader))
            {
                var same = RootProcess.Playbook(reader) == playbook
                    && Canonical.Serialize(RootProcess.Input<TIn>(reader, playbook)).AsSpan().SequenceEqual(Canonical.Serialize(input));
                return same ? true : throw new ArgumentException(
                    $"run '{folder.Id}' was started with another playbook or input; a run keeps its first, so give the new one " +
                    $"an id of its own");
            }
        }

        Remove(folder);
        return false;
    }

    /// <summary>Removes a folder whose start never became durable: nobody owns it, and no signed checkpoint knows of more.</summary>
    private static void Remove(RunFolder folder)
    {
        using (RunLock.Take(folder))
        using (var signer = EcdsaHeadSigner.Of(folder))
        using (var reader = JournalReader.Open(folder))
        {
            JournalScan.Verify(reader, new CheckpointLog(folder, reader.Run, signer).Last(reader), visit: null);
            if (RootProcess.IsStarted(reader))
            {
                throw new RunOwnedException($"run {folder.Id} was started by another process");
            }
        }

        Directory.Delete(folder.Path, recursive: true);
    }

    private RunFolder FolderOf(string id) =>
        id.Length is > 0 and <= 100
            && id[0] != '.'
            && id[^1] != '.'
            && id.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
        ? new RunFolder(Path.Combine(_folder, id))
        : throw new ArgumentException(
            $"'{id}' is no id of a run: it has 1 to 100 letters, digits, '-', '_' and '.', and neither begins nor ends with a dot",
            nameof(id));

    private string NewId(string playbook)
    {
        var name = string.Concat(playbook.Take(60).Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '-'));
        return string.Create(
            CultureInfo.InvariantCulture, $"{name}-{_options.Time.GetUtcNow():yyyyMMdd}-{RandomNumberGenerator.GetString(IdLetters, 8)}");
    }
}

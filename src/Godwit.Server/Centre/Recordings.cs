using System.IO.Compression;
using Godwit.Durable.Journal;
using Godwit.Runs;

namespace Godwit.Server.Centre;

/// <summary>
/// Recorded runs that happen again, in a store of their own that is deleted at the end: their journals grow as they did, entry by entry, but
/// faster. Whatever looks at them sees what it would have seen.
/// </summary>
public sealed class Recordings : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _closing = new();
    private readonly List<IDisposable> _open = [];
    private readonly DirectoryInfo _home;
    private Task _playing = Task.CompletedTask;

    private Recordings(DirectoryInfo home) => _home = home;

    /// <summary>Where they happen.</summary>
    public RunStore Store => new(_home.FullName);

    /// <summary>Begins to play.</summary>
    /// <param name="folder">The recordings: a zip file each, with a run's folder in it.</param>
    /// <param name="length">How long each takes.</param>
    /// <exception cref="ArgumentException">There are none.</exception>
    public static async Task<Recordings> PlayAsync(string folder, TimeSpan length)
    {
        List<string> files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.zip").Order(StringComparer.Ordinal)] : [];
        if (files.Count == 0)
        {
            throw new ArgumentException(
                $"{folder} holds no recordings; a clone of the repository has them in examples/recordings, and a package beside the program");
        }

        var recordings = new Recordings(Directory.CreateTempSubdirectory("godwit-demo-"));
        try
        {
            List<Track> tracks = [];
            foreach (var file in files)
            {
                var tape = Path.Combine(recordings._home.FullName, "tapes", Path.GetFileNameWithoutExtension(file));
                await ZipFile.ExtractToDirectoryAsync(file, tape);
                var track = new Track(new RunFolder(tape), new RunFolder(Path.Combine(recordings._home.FullName, "runs", Path.GetFileName(tape))));
                tracks.Add(track);
                recordings._open.Add(track);
            }

            recordings._playing = recordings.PlayAsync(tracks, length);
            return recordings;
        }
        catch
        {
            await recordings.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _playing;
        _open.ForEach(one => one.Dispose());
        _closing.Dispose();
        _home.Delete(recursive: true);
    }

    private async Task PlayAsync(List<Track> tracks, TimeSpan length)
    {
        // Something stands there at once; what happens takes its time from then on.
        var begun = Environment.TickCount64;
        while (!_closing.IsCancellationRequested && tracks.Any(track => !track.IsOver))
        {
            var part = Math.Min(1, 0.02 + ((Environment.TickCount64 - begun) / length.TotalMilliseconds));
            foreach (var track in tracks.Where(track => !track.IsOver))
            {
                track.PlayTo(part);
            }

            await Task.Delay(Tick, TimeProvider.System, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One run: the journal that was recorded, and the one that grows.</summary>
    private sealed class Track : IDisposable
    {
        // What took an hour of thinking isn't waited for.
        private const double LongestGap = 0.02;

        private readonly Database _database;
        private readonly RunFolder _run;
        private readonly List<(long Sequence, double Part)> _entries = [];
        private readonly string[] _checkpoints;
        private IDisposable? _owner;
        private int _next;

        public Track(RunFolder tape, RunFolder run)
        {
            _run = run;
            Directory.CreateDirectory(run.Path);
            foreach (var folder in Directory.EnumerateDirectories(tape.Path).Where(folder => Path.GetFileName(folder) != "evidence"))
            {
                Directory.Move(folder, Path.Combine(run.Path, Path.GetFileName(folder)));
            }

            _checkpoints = File.Exists(tape.Checkpoints) ? File.ReadAllLines(tape.Checkpoints) : [];
            JournalSchema.Create(_database = Database.OpenOrCreate(run.Journal), run.Id);
            _database.Execute($"PRAGMA synchronous = OFF; ATTACH '{tape.Journal.Replace("'", "''", StringComparison.Ordinal)}' AS tape;");
            _database.Execute(
                "DELETE FROM run; INSERT INTO run SELECT * FROM tape.run; INSERT INTO blobs SELECT * FROM tape.blobs; " +
                "INSERT INTO uniques SELECT * FROM tape.uniques;");
            Read();
            Evidence = Path.Combine(tape.Path, "evidence");
            _owner = RunLock.Take(run);
        }

        private string Evidence { get; }

        public bool IsOver => _owner is null;

        /// <summary>Brings the journal to where it was when a part of the recording had passed.</summary>
        /// <param name="part">The part, from 0 to 1.</param>
        public void PlayTo(double part)
        {
            var from = _next == 0 ? 0 : _entries[_next - 1].Sequence;
            while (_next < _entries.Count && _entries[_next].Part <= part)
            {
                _next++;
            }

            if (_next > 0 && _entries[_next - 1].Sequence is var to && to > from)
            {
                foreach (var table in (string[])["entries", "checkpoints"])
                {
                    using var copy = _database.Prepare($"INSERT INTO main.{table} SELECT * FROM tape.{table} WHERE seq > ?1 AND seq <= ?2");
                    copy.Bind(1, from).Bind(2, to).Run();
                }
            }

            if (_next < _entries.Count)
            {
                return;
            }

            if (Directory.Exists(Evidence))
            {
                Directory.Move(Evidence, _run.Evidence);
            }

            File.WriteAllLines(_run.Checkpoints, _checkpoints);
            Dispose();
        }

        public void Dispose()
        {
            if (_owner is not null)
            {
                _owner.Dispose();
                _owner = null;
                _database.Dispose();
            }
        }

        /// <summary>When each entry comes, as a part of the whole; long silences are cut short.</summary>
        private void Read()
        {
            var times = new List<(long Sequence, long At)>();
            using (var entries = _database.Prepare("SELECT seq, at FROM tape.entries ORDER BY seq"))
            {
                while (entries.Step())
                {
                    times.Add((entries.Long(0), entries.Long(1)));
                }
            }

            if (times.Count == 0)
            {
                throw new ArgumentException($"{_run.Id} is no recording of a run");
            }

            var most = Math.Max(1, (times[^1].At - times[0].At) * LongestGap);
            double passed = 0;
            foreach (var (entry, index) in times.Select((entry, index) => (entry, index)))
            {
                passed += index == 0 ? 0 : Math.Min(entry.At - times[index - 1].At, most);
                _entries.Add((entry.Sequence, passed));
            }

            for (var index = 0; index < _entries.Count; index++)
            {
                _entries[index] = (_entries[index].Sequence, passed == 0 ? 0 : _entries[index].Part / passed);
            }
        }
    }
}

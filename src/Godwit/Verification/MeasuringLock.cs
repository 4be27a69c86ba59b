namespace Godwit.Verification;

/// <summary>
/// Held while something is measured on this machine, so that others who could wait keep quiet: whoever only watches. It is a courtesy and
/// no exclusion: two runs that measure at once disturb each other all the same.
/// </summary>
internal sealed class MeasuringLock : IDisposable
{
    private const int Tries = 3;

    private readonly FileStream? _file;

    private MeasuringLock(FileStream? file) => _file = file;

    private static string Place => Path.Combine(Path.GetTempPath(), $"godwit-measuring-{Environment.UserName}");

    /// <summary>Whether something is measured now.</summary>
    public static bool IsHeld
    {
        get
        {
            try
            {
                if (File.Exists(Place))
                {
                    using var probe = new FileStream(Place, FileMode.Open, FileAccess.Read, FileShare.Read);
                }

                return false;
            }
            catch (Exception held) when (held is IOException or UnauthorizedAccessException)
            {
                return held is IOException;
            }
        }
    }

    /// <summary>Holds it until disposed, where nobody else does.</summary>
    public static MeasuringLock Take()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new MeasuringLock(new FileStream(Place, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
            {
                // Somebody measures, or looks whether somebody does.
                if (attempt == Tries)
                {
                    return new MeasuringLock(null);
                }
            }
        }
    }

    public void Dispose() => _file?.Dispose();
}

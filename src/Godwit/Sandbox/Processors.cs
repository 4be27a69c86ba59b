using System.Globalization;
using System.Runtime.InteropServices;

namespace Godwit.Sandbox;

/// <summary>Keeps what is measured and who measures it on different processors, where there are enough.</summary>
public static partial class Processors
{
    private static readonly string All = string.Create(CultureInfo.InvariantCulture, $"0-{Environment.ProcessorCount - 1}");

    /// <summary>
    /// All processors, for what isn't measured, where this process has left some of them to measuring; null where it hasn't.
    /// </summary>
    /// <param name="count">How many a measurement wants.</param>
    public static string? ForWork(int count) => ForMeasuring(count) is null ? null : All;

    /// <summary>The last few processors, for a measurement; null where that would leave none for Godwit.</summary>
    /// <param name="count">How many a measurement wants; 0 for no pinning.</param>
    public static string? ForMeasuring(int count) => count <= 0 || count >= Environment.ProcessorCount
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount - count}-{Environment.ProcessorCount - 1}");

    /// <summary>The processors that are left to who drives a measured server; null where none are kept apart.</summary>
    /// <param name="count">How many the server has.</param>
    public static string? ForDriving(int count) =>
        ForMeasuring(count) is null ? null : string.Create(CultureInfo.InvariantCulture, $"0-{Environment.ProcessorCount - count - 1}");

    /// <summary>Moves every thread of this process off the processors that are measured on; new threads inherit it.</summary>
    public static void LeaveToMeasuring(int count)
    {
        if (ForMeasuring(count) is null || Environment.ProcessorCount > 64)
        {
            return;
        }

        var mask = (1UL << (Environment.ProcessorCount - count)) - 1;
        foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
        {
            _ = SetAffinity(int.Parse(Path.GetFileName(task), CultureInfo.InvariantCulture), sizeof(ulong), ref mask);
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint size, ref ulong mask);
}

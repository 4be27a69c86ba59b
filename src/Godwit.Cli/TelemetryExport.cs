using System.Runtime.CompilerServices;
using Godwit.Cli.Commands;
using Godwit.Durable;
using Godwit.Playbooks;
using Godwit.Telemetry;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Godwit.Cli;

/// <summary>
/// Sends traces, metrics and what the live view tells to an OTLP receiver, while <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one. The other
/// variables of OpenTelemetry's specification hold too, <c>OTEL_EXPORTER_OTLP_PROTOCOL</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> among them.
/// </summary>
internal sealed partial class TelemetryExport : IDisposable
{
    private const string Receiver = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private readonly TracerProvider _traces;
    private readonly MeterProvider _metrics;
    private readonly ILoggerFactory _logs;
    private readonly ILogger _log;

    private TelemetryExport()
    {
        var resource = ResourceBuilder.CreateDefault()
            .AddService("godwit", serviceVersion: typeof(TelemetryExport).Assembly.GetName().Version?.ToString(3))
            .AddEnvironmentVariableDetector();
        _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource)
            .AddSource(GodwitTelemetry.Name, DurableTelemetry.SourceName)
            .AddOtlpExporter()
            .Build();
        _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource)
            .AddMeter(GodwitTelemetry.Name, DurableTelemetry.SourceName)
            .AddOtlpExporter()
            .Build();
        _logs = LoggerFactory.Create(logging => logging.AddOpenTelemetry(options => options.SetResourceBuilder(resource).AddOtlpExporter()));
        _log = _logs.CreateLogger(GodwitTelemetry.Name);
    }

    /// <summary>Begins to send; null where nobody listens.</summary>
    public static TelemetryExport? Start() => IsWanted() ? Create() : null;

    /// <summary>Whether a receiver is named; asked before a run starts, which would otherwise lose its telemetry without a word.</summary>
    /// <exception cref="UsageException">It isn't an address.</exception>
    public static bool IsWanted()
    {
        var receiver = Environment.GetEnvironmentVariable(Receiver);
        if (string.IsNullOrEmpty(receiver))
        {
            return false;
        }

        return Uri.TryCreate(receiver, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? true
            : throw new UsageException($"{Receiver} is '{receiver}', and must be an address such as http://localhost:4317");
    }

    /// <summary>Sends what a person is told, too; not what an agent asks for, which may hold anything.</summary>
    public void Log(RunLine line)
    {
        if (line.Label != "asks")
        {
            Told(_log, line.Label, line.Text);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _traces.Dispose();
        _metrics.Dispose();
        _logs.Dispose();
    }

    /// <summary>Apart, so that a start without telemetry loads none of its assemblies.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TelemetryExport Create() => new();

    [LoggerMessage(Level = LogLevel.Information, Message = "{Label} {Text}")]
    private static partial void Told(ILogger log, string label, string text);
}

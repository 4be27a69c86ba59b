using System.Text;

namespace Godwit.Playbooks.Build;

/// <summary>
/// A command with services beside it, as one script: they share its sandbox, so that they have a loopback of their own, and end with it.
/// </summary>
internal static class ServiceScript
{
    private const int MostSeconds = 60;
    private const int MostSecondsAsked = 10;

    /// <summary>The script.</summary>
    /// <param name="services">The services, in the order in which they are started.</param>
    /// <param name="command">The command.</param>
    public static string Of(IReadOnlyList<BuildService> services, string command)
    {
        if (services.Count == 0)
        {
            return command;
        }

        // What isn't there or ends before it is ready is no fault of the work: 127 says that nothing could be asked.
        var text = new StringBuilder("godwit_pids=\ngodwit_logs=$(mktemp -d)\ntrap 'kill $godwit_pids 2>/dev/null; rm -rf \"$godwit_logs\"' EXIT\n");
        foreach (var service in services)
        {
            var log = $"\"$godwit_logs/{service.Name}\"";
            text.Append(
                $$"""
                (
                {{service.Run}}
                ) >{{log}} 2>&1 &
                godwit_pids="$godwit_pids $!"
                godwit_pid=$!
                godwit_end=$(($(date +%s) + {{MostSeconds}}))
                cat > "$godwit_logs/{{service.Name}}.ready" <<'GODWIT_READY'
                {{(service.Ready.Length == 0 ? "true" : service.Ready)}}
                GODWIT_READY
                until timeout {{MostSecondsAsked}} sh "$godwit_logs/{{service.Name}}.ready" >/dev/null 2>&1; do
                  if [ "$(date +%s)" -ge "$godwit_end" ] || ! kill -0 $godwit_pid 2>/dev/null; then
                    echo "error: service {{service.Name}} isn't ready: $(tail -n 3 {{log}})" >&2
                    exit 127
                  fi
                  sleep 0.1
                done

                """);
        }

        return text.Append("(\n").Append(command).Append("\n)\n").ToString();
    }
}

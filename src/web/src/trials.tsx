// What a run has tried, the best first.
import type { Trials } from "./api";

export function TrialTable({ trials }: { trials: Trials }) {
  const rows = [...trials.trials].sort((one, other) => (other.mean ?? -Infinity) - (one.mean ?? -Infinity) || one.number - other.number);
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="table of trials">
      <table>
        <thead><tr><th class="num">trial</th><th>outcome</th><th class="num">gain</th><th class="num">pairs</th><th>what</th><th>by</th></tr></thead>
        <tbody>
          {rows.slice(0, 200).map((trial) => (
            <tr key={trial.number}>
              <td class="num">{trial.number}</td>
              <td><span class={`mark ${trial.mean === null ? "failed" : "claimed"}`}>{trial.mean === null ? trial.outcome : "screened"}</span></td>
              <td class="num">{trial.mean === null ? "" : trials.base === 1 ? `${trial.mean.toPrecision(4)}×` : trial.mean.toPrecision(4)}</td>
              <td class="num">{trial.pairs || ""}</td>
              <td class="cut"><bdi>{trial.reason ? `${trial.what}: ${trial.reason}` : trial.what}</bdi></td>
              <td class="quiet">{trial.by}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

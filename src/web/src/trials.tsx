// What a run has tried: each candidate's gain, the noise of the base beside it, the best so far and the bound that is claimed.
import type { Trials } from "./api";

const [width, height, left, bottom, top] = [920, 240, 64, 34, 12];

export function TrialPlot({ trials }: { trials: Trials }) {
  const measured = trials.trials.filter((trial) => trial.mean !== null);
  const values = [
    trials.base, ...measured.flatMap((trial) => [trial.mean!, ...trial.values]),
    ...[trials.noise_low, trials.noise_high, trials.claimed].filter((value): value is number => value !== null),
  ];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  const last = Math.max(1, ...trials.trials.map((trial) => trial.number));
  const x = (number: number) => left + ((number - 0.5) / last) * (width - left - 8);
  const y = (value: number) => top + ((high + room - value) / (high - low + 2 * room)) * (height - top - bottom);
  const isFactor = trials.base === 1;
  const text = (value: number) => (isFactor ? `${value.toPrecision(3)}×` : value.toPrecision(3));
  let best = trials.base;
  const steps = measured.map((trial) => {
    best = Math.max(best, trial.mean!);
    return `${x(trial.number)},${y(best)}`;
  });
  const ticks = high > low ? Array.from({ length: 5 }, (_, index) => low + ((high - low) * index) / 4) : [low];
  const proven = trials.claimed === null ? "" : `, at least ${text(trials.claimed)} is proven`;
  return (
    <figure class="plot">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${measured.length} candidates measured, the best ${text(best)}${proven}`}>
        {trials.noise_low !== null && trials.noise_high !== null && (
          <rect class="noise" x={left} width={width - left - 8} y={y(trials.noise_high)} height={Math.max(1, y(trials.noise_low) - y(trials.noise_high))} />
        )}
        {ticks.map((value) => (
          <g key={value}>
            <line class="grid" x1={left} x2={width - 8} y1={y(value)} y2={y(value)} />
            <text x={left - 8} y={y(value) + 4} text-anchor="end">{text(value)}</text>
          </g>
        ))}
        <line class="base" x1={left} x2={width - 8} y1={y(trials.base)} y2={y(trials.base)} />
        {trials.claimed !== null && <line class="claimed" x1={left} x2={width - 8} y1={y(trials.claimed)} y2={y(trials.claimed)} />}
        {steps.length > 1 && <polyline class="best" points={steps.join(" ")} />}
        {measured.map((trial) => (
          <g key={trial.number}>
            {trial.values.map((value, index) => <circle key={index} class="pair" cx={x(trial.number)} cy={y(value)} r="2" />)}
            <circle class="mean" cx={x(trial.number)} cy={y(trial.mean!)} r="4"><title>{`trial ${trial.number}: ${text(trial.mean!)}, ${trial.what}`}</title></circle>
          </g>
        ))}
        {trials.trials.filter((trial) => trial.mean === null).map((trial) => (
          <text key={trial.number} class="out" x={x(trial.number)} y={height - bottom - 2} text-anchor="middle">
            ×<title>{`trial ${trial.number}: ${trial.outcome}, ${trial.reason ?? ""}`}</title>
          </text>
        ))}
        <text x={(left + width) / 2} y={height - 8} text-anchor="middle">trial</text>
        <text transform={`rotate(-90) translate(${-height / 2 + 8},12)`} text-anchor="middle">{trials.metric}</text>
      </svg>
      <figcaption class="quiet">
        Large dots: screened gains, shrunk, not proven. Small dots: measured pairs. Band: the base against itself, two deviations of a pair. Line: the best
        so far.{trials.claimed !== null && " Green: the lower bound that is proven."} ×: thrown out.
      </figcaption>
    </figure>
  );
}

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
              <td class="num">{trial.values.length || ""}</td>
              <td class="cut"><bdi>{trial.reason ? `${trial.what}: ${trial.reason}` : trial.what}</bdi></td>
              <td class="quiet">{trial.by}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

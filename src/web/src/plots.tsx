// The drawings of a run: the report draws the same out of the same data.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RunPlot } from "./api";
import { get } from "./api";

const [left, top, bottom, labels, apart] = [64, 10, 36, 130, 14];

export function Plots({ run, moment }: { run: string; moment: string }) {
  const plots = useSignal<RunPlot[]>([]);
  useEffect(() => void get<RunPlot[]>(`/api/runs/${encodeURIComponent(run)}/plots`).then((all) => (plots.value = all)).catch(() => undefined), [run, moment]);
  if (plots.value.length === 0) return null;
  return (
    <section aria-label="plots" class="plots">
      {plots.value.map((plot) => <Plot key={plot.id} plot={plot} />)}
    </section>
  );
}

function Plot({ plot }: { plot: RunPlot }) {
  const [width, height] = plot.is_small ? [540, 210] : [1100, 260];
  const right = plot.rules.length > 0 ? labels : 16;
  const x = (value: number) => left + ((width - left - right) * (value - plot.x.low)) / (plot.x.high - plot.x.low);
  const y = (value: number) => top + ((height - top - bottom) * (plot.y.high - value)) / (plot.y.high - plot.y.low);
  let below = -Infinity;
  const rules = [...plot.rules].sort((one, other) => other.at - one.at).map((rule) => {
    below = Math.max(y(rule.at), below + apart);
    return { ...rule, label: below };
  });
  return (
    <figure class={plot.is_small ? "plot" : "plot wide"}>
      <figcaption class="strong"><bdi>{plot.title}</bdi></figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${plot.title}: ${plot.x.label} against ${plot.y.label}${rules.map((rule) => `, ${rule.text}`).join("")}`}>
        {plot.bands.map((band) => (
          <rect key={band.text} class="noise" x={left} width={width - left - right} y={y(Math.min(band.high, plot.y.high))} height={Math.max(1, y(Math.max(band.low, plot.y.low)) - y(Math.min(band.high, plot.y.high)))}><title>{band.text}</title></rect>
        ))}
        {plot.y.ticks.map((tick) => (
          <g key={tick.at}>
            <line class="grid" x1={left} x2={width - right} y1={y(tick.at)} y2={y(tick.at)} />
            <text x={left - 6} y={y(tick.at) + 4} text-anchor="end">{tick.text}</text>
          </g>
        ))}
        {plot.x.ticks.map((tick) => <text key={tick.at} x={x(tick.at)} y={height - 20} text-anchor="middle">{tick.text}</text>)}
        {rules.map((rule) => (
          <g key={rule.text}>
            <line class={`rule ${rule.tone}`} x1={left} x2={width - right} y1={y(rule.at)} y2={y(rule.at)} />
            <text x={width - right + 6} y={rule.label + 4}>{rule.text}</text>
          </g>
        ))}
        {plot.steps.length > 0 && <path class="best" d={plot.steps.map((point, index) => (index === 0 ? `M${x(point.x)},${y(point.y)}` : `H${x(point.x)}V${y(point.y)}`)).join("")} />}
        {plot.dots.map((dot, index) => (dot.tone === "out"
          ? <text key={index} class="out" x={x(dot.x)} y={y(plot.y.low) - 2} text-anchor="middle">×<title>{dot.text}</title></text>
          : <circle key={index} class={dot.tone} cx={x(dot.x)} cy={y(dot.y)} r={dot.tone === "small" ? 1.8 : 4}>{dot.text && <title>{dot.text}</title>}</circle>))}
        <text class="label" x={(left + width - right) / 2} y={height - 4} text-anchor="middle">{plot.x.label}</text>
        <text class="label" transform={`rotate(-90) translate(${-(top + height - bottom) / 2},11)`} text-anchor="middle">{plot.y.label}</text>
      </svg>
      <p class="quiet">{plot.caption}</p>
    </figure>
  );
}

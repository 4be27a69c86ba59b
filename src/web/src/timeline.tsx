// When agents worked: a lane each, with times in which nothing happened folded.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Timeline } from "./api";
import { get } from "./api";
import { Empty, clock } from "./parts";

const [lane, left, top, fold, most] = [18, 170, 22, 26, 400];

/** Places times on a line in which idle spans are as short as a fold. */
function scale(timeline: Timeline, width: number): { x: (at: number) => number; folds: { x: number; text: string }[] } {
  const [from, to] = [Date.parse(timeline.from), Date.parse(timeline.to)];
  const idle = timeline.idle.map((span) => [Date.parse(span.from), Date.parse(span.to)] as const);
  const busy = Math.max(1, to - from - idle.reduce((sum, [a, b]) => sum + b - a, 0));
  const unit = Math.max(1, width - fold * idle.length) / busy;
  const x = (at: number) => {
    let place = 0;
    let before = from;
    for (const [a, b] of idle) {
      if (at <= a) break;
      place += (a - before) * unit + fold * Math.min(1, Math.max(0, (at - a) / (b - a)));
      before = b;
      if (at <= b) return place;
    }
    return place + (at - before) * unit;
  };
  const span = (ms: number) => (ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`);
  return { x, folds: idle.map(([a, b]) => ({ x: x(a), text: span(b - a) })) };
}

export function TimelineView({ run, base, moment }: { run: string; base: string; moment: string }) {
  const timeline = useSignal<Timeline | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const over = useSignal<string | null>(null);
  useEffect(() => void get<Timeline>(`/api/runs/${encodeURIComponent(run)}/timeline`).then((all) => (timeline.value = all)).catch(() => undefined), [run, moment]);
  const lanes = timeline.value?.lanes.filter((one) => one.worked.length > 0).slice(0, most) ?? [];
  useEffect(() => {
    const draw = () => timeline.value && canvas.current && paint(canvas.current, timeline.value, lanes, over.value);
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    addEventListener("resize", draw);
    return () => { dark.removeEventListener("change", draw); removeEventListener("resize", draw); };
  }, [timeline.value, over.value]);
  if (!timeline.value) return null;
  if (lanes.length === 0) return <Empty title="No agent has worked yet." />;
  const laneAt = (event: MouseEvent) => lanes[Math.floor((event.offsetY - top) / lane)]?.agent ?? null;
  return (
    <section aria-label="timeline">
      <h2>Timeline</h2>
      <div class="timeline" tabIndex={0} role="group" aria-label={`when ${lanes.length} agents worked; the table of agents has the same in numbers`}>
        <canvas
          ref={canvas} role="img" aria-label={`${lanes.length} agents from ${clock(timeline.value.from)} to ${clock(timeline.value.to)}`}
          onMouseMove={(event) => (over.value = laneAt(event))} onMouseLeave={() => (over.value = null)}
          onClick={(event) => { const agent = laneAt(event); if (agent) location.hash = `${base}/agent/${encodeURIComponent(agent)}`; }}
        />
      </div>
    </section>
  );
}

function paint(canvas: HTMLCanvasElement, timeline: Timeline, lanes: Timeline["lanes"], over: string | null): void {
  const style = getComputedStyle(canvas);
  // A colour by name is one of the theme's once something is drawn in it.
  const colour = (name: string) => { canvas.style.color = `var(--${name})`; return getComputedStyle(canvas).color; };
  const [text, quiet, line, accent, warn, good, soft] = ["text", "quiet", "line", "accent", "warn", "good", "soft"].map(colour) as [string, string, string, string, string, string, string];
  canvas.style.color = "";
  const width = Math.max(480, canvas.parentElement!.clientWidth - 2);
  const height = top + lanes.length * lane + 4;
  const ratio = devicePixelRatio || 1;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d")!;
  pen.scale(ratio, ratio);
  pen.font = `12px ${style.fontFamily}`;
  pen.textBaseline = "middle";
  const { x, folds } = scale(timeline, width - left - 8);
  const [from, to] = [Date.parse(timeline.from), Date.parse(timeline.to)];
  pen.fillStyle = quiet;
  for (let part = 0; part <= 4; part++) {
    const at = from + ((to - from) * part) / 4;
    const place = left + x(at);
    pen.textAlign = part === 4 ? "right" : part === 0 ? "left" : "center";
    if (part === 0 || part === 4 || folds.length === 0) pen.fillText(clock(new Date(at).toISOString()), place, 10);
  }
  for (const { x: place, text: words } of folds) {
    pen.fillStyle = soft;
    pen.fillRect(left + place, top - 4, fold, height);
    pen.fillStyle = quiet;
    pen.textAlign = "center";
    pen.font = `10px ${style.fontFamily}`;
    pen.fillText(words, left + place + fold / 2, 10);
    pen.font = `12px ${style.fontFamily}`;
  }
  lanes.forEach((one, index) => {
    const y = top + index * lane;
    if (one.agent === over) {
      pen.fillStyle = soft;
      pen.fillRect(0, y, width, lane);
    }
    pen.fillStyle = one.agent === over ? text : quiet;
    pen.textAlign = "left";
    let name = one.agent;
    while (name.length > 3 && pen.measureText(name).width > left - 16) name = `${name.slice(0, -2)}…`;
    pen.fillText(name, 4, y + lane / 2);
    pen.strokeStyle = line;
    pen.beginPath();
    pen.moveTo(left, y + lane - 0.5);
    pen.lineTo(width, y + lane - 0.5);
    pen.stroke();
    pen.fillStyle = one.state === "ended" ? good : one.state === "waiting" || one.state === "paused" ? warn : accent;
    for (const span of one.worked) {
      const [a, b] = [x(Date.parse(span.from)), x(Date.parse(span.to))];
      pen.fillRect(left + a, y + 4, Math.max(2, b - a), lane - 8);
    }
  });
}

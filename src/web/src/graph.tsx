// A plan as a picture: what waits for what. Many tasks that wait for the same, and are waited for by the same, are one box.
import type { TaskNode } from "./api";

const [width, height, across, down, mostAlike] = [210, 50, 64, 14, 8];

interface Box {
  tasks: TaskNode[];
  column: number;
  x: number;
  y: number;
}

function boxesOf(tasks: TaskNode[]): { boxes: Box[]; place: Map<string, Box> } {
  const known = new Map(tasks.map((task) => [task.id, task]));
  const dependents = new Map<string, string[]>();
  for (const task of tasks) for (const id of task.after) dependents.set(id, [...(dependents.get(id) ?? []), task.id]);
  const groups = new Map<string, TaskNode[]>();
  for (const task of tasks) {
    const gives = task.asserts.length > 0 || tasks.some((other) => other.on.includes(task.id));
    const key = gives ? task.id : `${[...task.after].sort()}/${[...task.on].sort()}/${dependents.get(task.id) ?? []}`;
    groups.set(key, [...(groups.get(key) ?? []), task]);
  }

  const depths = new Map<string, number>();
  const depth = (id: string, seen: ReadonlySet<string>): number => {
    const done = depths.get(id);
    if (done !== undefined) return done;
    if (seen.has(id)) return 0;
    const task = known.get(id);
    const before = task ? [...task.after, ...task.on].filter((other) => other !== id && known.has(other)) : [];
    const value = before.length === 0 ? 0 : 1 + Math.max(...before.map((other) => depth(other, new Set(seen).add(id))));
    depths.set(id, value);
    return value;
  };

  const boxes: Box[] = [];
  const rows = new Map<number, number>();
  for (const group of groups.values()) {
    for (const members of group.length > mostAlike ? [group] : group.map((task) => [task])) {
      const column = depth(members[0]!.id, new Set());
      const row = rows.get(column) ?? 0;
      rows.set(column, row + 1);
      boxes.push({ tasks: members, column, x: column * (width + across) + 4, y: row * (height + down) + 4 });
    }
  }
  return { boxes, place: new Map(boxes.flatMap((box) => box.tasks.map((task) => [task.id, box] as const))) };
}

const stateOf = (box: Box) => {
  const states = new Set(box.tasks.map((task) => task.state));
  return states.has("failed") ? "failed" : states.size === 1 ? [...states][0]! : "working";
};

export function Graph({ tasks, onOpen }: { tasks: TaskNode[]; onOpen: (task: string) => void }) {
  const { boxes, place } = boxesOf(tasks);
  const lines = new Map<string, { from: Box; to: Box; isContract: boolean }>();
  for (const task of tasks) {
    const to = place.get(task.id)!;
    for (const [ids, isContract] of [[task.after, false], [task.on, true]] as const) {
      for (const id of ids) {
        const from = place.get(id);
        if (from && from !== to) lines.set(`${from.x},${from.y}>${to.x},${to.y}${isContract}`, { from, to, isContract });
      }
    }
  }

  const right = Math.max(...boxes.map((box) => box.x)) + width + 4;
  const bottom = Math.max(...boxes.map((box) => box.y)) + height + 4;
  return (
    <div class="graph" tabIndex={0} role="group" aria-label={`the plan: ${tasks.length} tasks`}>
      <svg width={right} height={bottom} viewBox={`0 0 ${right} ${bottom}`}>
        {[...lines.values()].map(({ from, to, isContract }) => {
          const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2];
          const bend = Math.max(30, Math.abs(x2 - x1) / 2);
          return <path d={`M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`} class={isContract ? "line contract" : "line"} />;
        })}
        {boxes.map((box) => {
          const first = box.tasks[0]!;
          const counts = new Map<string, number>();
          for (const task of box.tasks) counts.set(task.state, (counts.get(task.state) ?? 0) + 1);
          const head = box.tasks.length > 1
            ? `${box.tasks.length} tasks: ${[...counts].map(([state, count]) => `${count} ${state}`).join(", ")}`
            : `${first.id} ${first.state}${first.asserts.length > 0 ? `: ${first.asserts.join(", ")}` : ""}`;
          return (
            <g class={`task ${stateOf(box)}`} transform={`translate(${box.x},${box.y})`} onClick={() => onOpen(first.id)}>
              <title>{box.tasks.slice(0, 20).map((task) => `${task.id}: ${task.title}${task.reason ? ` (${task.reason})` : ""}`).join("\n")}</title>
              <rect width={width} height={height} rx="6" />
              <text x="10" y="20" class="head">{cut(head, 30)}</text>
              <text x="10" y="38">{cut(first.title, 30)}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}

const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

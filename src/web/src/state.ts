// What the page knows: where it is, who this browser is, the fleet, and the run that is looked at.
import { computed, signal } from "@preact/signals";
import type { AgentRow, Ask, Fleet, Row, RunSnapshot, RunState, Token } from "./api";
import { ApiError, get, send, session } from "./api";
import { subscribe } from "./stream";

export const route = signal(location.hash);
export const me = signal<Token | null>(null);
export const isConnected = signal(true);
export const fleet = signal<Fleet | null>(null);
export const now = signal(Date.now());
export const spoken = signal("");
export const notice = signal<{ text: string; isBad: boolean } | null>(null);
export const asks = computed<Ask[]>(() => fleet.value?.asks ?? []);

addEventListener("hashchange", () => (route.value = location.hash));
setInterval(() => {
  // In a recording it is as late as it was then.
  const then = fleet.value?.is_recording ? Math.max(0, ...fleet.value.runs.map((run) => Date.parse(run.last_event))) : 0;
  now.value = then || Date.now();
}, 1000);

export const may = (role: "answer" | "own") => !fleet.value?.is_recording && isOf(role);

const isOf = (role: "answer" | "own") => me.value?.role === "own" || (role === "answer" && me.value?.role === "answer");

/** Says something to who can't see the page, too. */
export function tell(text: string, isBad = false): void {
  notice.value = { text, isBad };
  spoken.value = text;
  setTimeout(() => notice.value?.text === text && (notice.value = null), 6000);
}

/** Does something to a run, and says what became of it. */
export async function act(path: string, body: unknown, method?: string): Promise<boolean> {
  try {
    const done = await send<{ message: string }>(path, body, method);
    tell(done.message);
    return true;
  } catch (error) {
    tell((error as ApiError).message, true);
    return false;
  }
}

let endFleet: (() => void) | null = null;

/** Takes up the session and follows the fleet. */
export async function start(): Promise<void> {
  me.value = await session(true);
  if (!me.value || endFleet) return;
  // The tab that reads the stream may have had the fleet's last event before this one was there.
  void get<Fleet>("/api/runs").then((all) => (fleet.value ??= all)).catch(() => undefined);
  endFleet = subscribe(null, null, {
    connected: (is) => (isConnected.value = is),
    event(name, data) {
      if (name !== "fleet") return;
      const before = fleet.value;
      const next = data as Fleet;
      fleet.value = next;
      if (before) announce(before, next);
    },
  });
  setInterval(async () => (me.value = (await session().catch(() => me.value)) ?? me.value), 5 * 60_000);
}

function announce(before: Fleet, next: Fleet): void {
  const states = new Map(before.runs.map((run) => [run.run, run.state]));
  for (const run of next.runs) {
    const was = states.get(run.run);
    if (was && was !== run.state) spoken.value = `${run.run} is ${run.state.replace("_", " ")}`;
  }
  const known = new Set(before.asks.map((ask) => ask.hash));
  const fresh = next.asks.filter((ask) => !known.has(ask.hash));
  if (fresh.length > 0) {
    spoken.value = `${fresh[0]!.who ?? fresh[0]!.run} ${fresh[0]!.title}`;
    if (document.hidden && "Notification" in window && Notification.permission === "granted") {
      new Notification("Godwit", { body: `${fresh[0]!.run}: ${fresh[0]!.who ?? ""} ${fresh[0]!.title}`, tag: fresh[0]!.hash });
    }
  }
}

/** A run that is looked at: its state, and the rows that there are of it so far. */
export class LiveRun {
  readonly state = signal<RunState | null>(null);
  readonly rows = signal<Row[]>([]);
  readonly hasMore = signal(true);
  readonly error = signal<string | null>(null);
  /** Counts how often the rows began anew: what else was read of the run is then of before. */
  readonly generation = signal(0);
  private end: (() => void) | null = null;
  private isLoading = false;
  private isDisposed = false;

  constructor(readonly id: string) {
    void this.open();
  }

  private get path(): string {
    return `/api/runs/${encodeURIComponent(this.id)}`;
  }

  private async open(): Promise<void> {
    this.end?.();
    try {
      const snapshot = await get<RunSnapshot>(this.path);
      if (this.isDisposed) return;
      this.error.value = null;
      this.generation.value++;
      this.state.value = snapshot.state;
      this.rows.value = snapshot.rows;
      this.hasMore.value = snapshot.rows.length >= 100;
      this.end = subscribe(this.id, snapshot.state.head, {
        event: (name, data) => {
          if (name === "rows") {
            const last = this.rows.value.at(-1)?.seq ?? 0;
            this.rows.value = [...this.rows.value, ...(data as Row[]).filter((row) => row.seq > last)];
          } else if (name === "state") this.state.value = data as RunState;
          else if (name === "resync") void this.open();
        },
      });
    } catch (error) {
      if (this.isDisposed) return;
      if (error instanceof ApiError) this.error.value = error.message;
      // The server isn't there; it is asked again.
      else setTimeout(() => !this.isDisposed && void this.open(), 2000);
    }
  }

  /** Loads rows that are older than those there are. */
  async older(): Promise<void> {
    const first = this.rows.value[0];
    if (!first || !this.hasMore.value || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await get<{ rows: Row[]; has_more: boolean }>(`${this.path}/rows?before=${first.seq}&most=500`);
      this.rows.value = [...page.rows, ...this.rows.value];
      this.hasMore.value = page.has_more;
    } finally {
      this.isLoading = false;
    }
  }

  agent(name: string): AgentRow | undefined {
    return this.state.value?.agents.find((agent) => agent.name === name);
  }

  dispose(): void {
    this.isDisposed = true;
    this.end?.();
  }
}

const seenKey = "godwit-seen";

/** What was last seen of each run, in this browser. */
const seen = (): Record<string, number> => {
  try {
    return JSON.parse(localStorage.getItem(seenKey) ?? "{}") as Record<string, number>;
  } catch {
    return {};
  }
};

export const lastSeen = (run: string): number | undefined => seen()[run];

/** Keeps up to where a run was looked at, for the five hundred runs that were looked at last. */
export function markSeen(run: string, at: number): void {
  const { [run]: _, ...others } = seen();
  localStorage.setItem(seenKey, JSON.stringify(Object.fromEntries([...Object.entries(others).slice(-500), [run, at]])));
}

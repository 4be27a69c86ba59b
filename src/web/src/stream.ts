// One stream of events for all tabs of this browser: HTTP/1.1 has six connections in all. The tab that holds a lock reads it, for itself and
// the others; when that tab goes, another has the lock. Each subscriber is a place in a journal, so nothing is lost or told twice on the way.
import { authorized, forgetToken } from "./api";

const watchdog = 25_000;
const announceEvery = 20_000;
const longestWait = 1500;
const forgetAfter = 65_000;

interface Want { run: string | null; after: string | null }

export interface Subscriber {
  event(name: string, data: unknown): void;
  connected?(isConnected: boolean): void;
}

type Message =
  | { kind: "want"; tab: string; wants: Want[] }
  | { kind: "bye"; tab: string }
  | { kind: "who" }
  | { kind: "event"; run: string | null; name: string; data: unknown; id: string | null }
  | { kind: "connected"; is: boolean };

const me = crypto.randomUUID();
const channel = new BroadcastChannel("godwit-events");
const mine = new Set<Want & { to: Subscriber }>();
const others = new Map<string, { wants: Want[]; at: number }>();
const cursors = new Map<string, string>();
let isLeader = false;
let isConnected = true;
let lastHeard = Date.now();
let attempt: AbortController | null = null;
let opened = "";
let wait = 250;
let timer: ReturnType<typeof setTimeout> | undefined;

const sequence = (head: string | null) => Number(head?.split(":")[1] ?? 0);

/** Follows the fleet (null), or a run from where its reader stands. */
export function subscribe(run: string | null, after: string | null, to: Subscriber): () => void {
  const want = { run, after, to };
  mine.add(want);
  announce();
  return () => {
    mine.delete(want);
    announce();
  };
}

const post = (message: Message) => channel.postMessage(message);

function announce(): void {
  if (isLeader) reopen();
  else post({ kind: "want", tab: me, wants: [...mine].map(({ run, after }) => ({ run, after })) });
}

function deliver(run: string | null, name: string, data: unknown, id: string | null): void {
  lastHeard = Date.now();
  for (const want of [...mine]) {
    if (want.run !== run && name !== "heartbeat") continue;
    if (id) want.after = id;
    want.to.event(name, data);
  }
}

function tellConnected(is: boolean): void {
  isConnected = is;
  for (const want of mine) want.to.connected?.(is);
}

channel.onmessage = ({ data: message }: MessageEvent<Message>) => {
  if (message.kind === "want") {
    others.set(message.tab, { wants: message.wants, at: Date.now() });
    if (isLeader) {
      reopen();
      post({ kind: "connected", is: isConnected });
    }
  } else if (message.kind === "bye") {
    others.delete(message.tab);
    if (isLeader) reopen();
  } else if (message.kind === "who") {
    if (!isLeader) announce();
  } else if (!isLeader) {
    if (message.kind === "event") deliver(message.run, message.name, message.data, message.id);
    else tellConnected(message.is);
  }
};

/** What all tabs want: of a run the oldest place that anybody stands at. */
function wanted(): Map<string, string | null> {
  const all = new Map<string, string | null>();
  for (const [tab, known] of others) if (Date.now() - known.at > forgetAfter) others.delete(tab);
  for (const want of [...mine, ...[...others.values()].flatMap((one) => one.wants)]) {
    if (want.run === null) continue;
    const known = all.get(want.run);
    if (known === undefined || sequence(want.after) < sequence(known)) all.set(want.run, want.after);
  }
  return all;
}

/** Opens the stream anew where somebody wants what the one that is open doesn't bring. */
function reopen(): void {
  const runs = wanted();
  const key = [...runs.keys()].sort().join("\n");
  const isBehind = [...runs].some(([run, after]) => cursors.has(run) && sequence(after) < sequence(cursors.get(run)!));
  if (attempt && key === opened && !isBehind) return;
  // Whoever reads now is told by this that it isn't wanted any more, and not that the server has gone.
  const old = attempt;
  attempt = null;
  old?.abort();
  clearTimeout(timer);
  timer = setTimeout(() => void read(), 30);
}

async function read(): Promise<void> {
  const here = (attempt = new AbortController());
  const runs = wanted();
  opened = [...runs.keys()].sort().join("\n");
  cursors.clear();
  for (const [run, after] of runs) cursors.set(run, after ?? "");
  const query = ["fleet=true", ...[...runs].map(([run, after]) => `run=${encodeURIComponent(run)}&after=${encodeURIComponent(after ?? "")}`)].join("&");
  const begun = Date.now();
  try {
    await readOnce(`/api/events?${query}`, here);
  } catch {
    // The connection broke, or there is no server; it is tried again.
  }
  if (attempt !== here) return;
  attempt = null;
  tellConnected(false);
  post({ kind: "connected", is: false });
  wait = Date.now() - begun > 5000 ? 250 : Math.min(wait * 2, longestWait);
  clearTimeout(timer);
  timer = setTimeout(() => void read(), wait);
}

async function readOnce(path: string, here: AbortController): Promise<void> {
  let dog = setTimeout(() => here.abort(), watchdog);
  try {
    let response = await fetch(path, { headers: await authorized(), signal: here.signal });
    if (response.status === 401) {
      // The server was started anew, and knows no tokens of before.
      forgetToken();
      response = await fetch(path, { headers: await authorized(), signal: here.signal });
    }
    if (!response.ok || !response.body) return;
    if (attempt === here) {
      tellConnected(true);
      post({ kind: "connected", is: true });
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || attempt !== here) return;
      clearTimeout(dog);
      dog = setTimeout(() => here.abort(), watchdog);
      buffer += value;
      for (let cut = buffer.indexOf("\n\n"); cut >= 0; cut = buffer.indexOf("\n\n")) {
        frame(buffer.slice(0, cut));
        buffer = buffer.slice(cut + 2);
      }
    }
  } finally {
    clearTimeout(dog);
    here.abort();
  }
}

function frame(text: string): void {
  let [name, id, json] = ["message", null as string | null, ""];
  for (const line of text.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("id: ")) id = line.slice(4);
    else if (line.startsWith("data: ")) json += line.slice(6);
  }
  const data: unknown = JSON.parse(json || "null");
  const run = id ? id.split(":")[0]! : name === "state" ? (data as { row: { run: string } }).row.run : name === "resync" ? (data as { run: string }).run : null;
  if (id && run) cursors.set(run, id);
  // The others stand there, too, once they have read this.
  for (const want of id && run ? [...others.values()].flatMap((known) => known.wants) : []) {
    if (want.run === run && sequence(want.after) < sequence(id)) want.after = id;
  }
  deliver(run, name, data, id);
  post({ kind: "event", run, name, data, id });
}

void navigator.locks.request("godwit-events", async () => {
  isLeader = true;
  post({ kind: "who" });
  reopen();
  await new Promise<never>(() => undefined);
});

setInterval(() => !isLeader && announce(), announceEvery);
setInterval(() => {
  // The tab that reads has gone to sleep with the machine, or is throttled.
  if (!isLeader && Date.now() - lastHeard > watchdog) tellConnected(false);
}, 5000);
addEventListener("pagehide", () => post({ kind: "bye", tab: me }));
document.addEventListener("visibilitychange", () => {
  if (document.hidden || Date.now() - lastHeard < 15_000) return;
  if (isLeader) attempt?.abort();
  else announce();
});

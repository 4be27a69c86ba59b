// What the page asks of the server: pairing, tokens, reading and signed writes.
import type { components } from "./schema";

type Schemas = components["schemas"];
export type RunRow = Schemas["RunRow"];
export type RunState = Schemas["LiveState"];
export type RunSnapshot = Schemas["RunSnapshot"];
export type Row = Schemas["Row"];
export type RowPage = Schemas["RowPage"];
export type Ask = Schemas["Ask"];
export type AgentRow = Schemas["AgentRow"];
export type TaskNode = Schemas["RunTask"];
export type Trials = Schemas["RunTrials"];
export type Fleet = Schemas["Fleet"];
export type Device = Schemas["Device"];
export type Token = Schemas["Token"];
export type GoalPreview = Schemas["GoalPreview"];
export type Verdict = Schemas["Verdict"];
export type RunPlot = Schemas["RunPlot"];
export type Changes = Schemas["Changes"];
export type Timeline = Schemas["RunTimeline"];
export type SearchHit = Schemas["SearchHit"];
export type SearchResult = Schemas["SearchResult"];
export type Usage = Schemas["Usage"];
export type RunDisk = Schemas["RunDisk"];
export type ModelList = Schemas["ModelList"];
export type Role = Schemas["DeviceRole"];

export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

interface Identity {
  id: string;
  keys: CryptoKeyPair;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256" };
let token: { value: string; until: number; boot: string } | null = null;
let counter = 0;

function database<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("godwit", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("identity");
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const request = use(opening.result.transaction("identity", mode).objectStore("identity"));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    };
  });
}

const identity = () => database<Identity | undefined>("readonly", (store) => store.get("device"));

const base64 = (bytes: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(bytes)));

async function sign(keys: CryptoKeyPair, text: string): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  return base64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, keys.privateKey, bytes));
}

/** Asks the server; where there is none, that is said. */
async function ask(path: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch {
    throw new Error("the server isn't responding");
  }
}

async function read<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) {
    let message = text || response.statusText;
    try {
      message = (JSON.parse(text) as { error?: string }).error ?? message;
    } catch {
      // It isn't JSON; the words are the message.
    }
    throw new ApiError(response.status, message);
  }
  return JSON.parse(text) as T;
}

const json = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

/** Pairs this browser with the code of a link. Its key stays in it and can't be taken out. */
export async function pair(code: string, name: string): Promise<void> {
  const keys = (await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"])) as CryptoKeyPair;
  const key = base64(await crypto.subtle.exportKey("spki", keys.publicKey));
  const device = await read<{ id: string }>(await fetch("/api/pair", json({ code, key, name })));
  await database("readwrite", (store) => store.put({ id: device.id, keys } satisfies Identity, "device"));
  token = null;
}

/** A token to read with, made anew when it is about to end. Null where this browser isn't paired. */
export async function session(anew = false): Promise<Token | null> {
  const device = await identity();
  if (!device) return null;
  const nonce = await read<{ boot: string; value: string }>(await ask("/api/nonce"));
  const signature = await sign(device.keys, `token\n${nonce.boot}\n${nonce.value}`);
  const response = await ask("/api/token", json({ device: device.id, nonce: nonce.value, signature }));
  if (response.status === 401) return null;
  const made = await read<Token>(response);
  if (anew || !token || token.boot !== nonce.boot || token.until < Date.now() + 60_000) {
    token = { value: made.value, until: Date.parse(made.until), boot: nonce.boot };
  }
  return made;
}

async function bearer(): Promise<string> {
  if (!token || token.until < Date.now() + 60_000) await session(true);
  if (!token) throw new ApiError(401, "this browser isn't paired; 'godwit link' prints a link");
  return token.value;
}

/** What a request shows that reads. */
export const authorized = async () => ({ Authorization: `Bearer ${await bearer()}` });

/** The server was started anew, and knows no tokens of before. */
export const forgetToken = () => void (token = null);

export async function get<T>(path: string): Promise<T> {
  const once = async () => ask(path, { headers: await authorized() });
  let response = await once();
  if (response.status === 401) {
    forgetToken();
    response = await once();
  }
  return read<T>(response);
}

/** Sends something that changes a run; signed over what is sent, so that nothing else can be made of it. */
export async function send<T>(path: string, body: unknown, method = "POST"): Promise<T> {
  const device = await identity();
  if (!device) throw new ApiError(401, "this browser isn't paired");
  const text = method === "DELETE" ? "" : JSON.stringify(body);
  const once = async () => {
    await bearer();
    const [mine, boot] = [(counter = Math.max(counter + 1, Date.now() * 1000)), token?.boot ?? ""];
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    const hex = [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const signature = await sign(device.keys, `${method}\n${path}\n${hex}\n${boot}\n${mine}`);
    return ask(path, {
      method,
      headers: {
        "Content-Type": "application/json",
        "Godwit-Device": device.id,
        "Godwit-Counter": String(mine),
        "Godwit-Signature": signature,
      },
      body: method === "DELETE" ? undefined : text,
    });
  };
  let response = await once();
  if (response.status === 401) {
    forgetToken();
    response = await once();
  }
  return read<T>(response);
}

/** Saves what an address answers as a file. */
export async function download(path: string): Promise<void> {
  const response = await fetch(path, { headers: await authorized() });
  if (!response.ok) await read(response);
  const name = /filename="?([^";]+)/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "godwit";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

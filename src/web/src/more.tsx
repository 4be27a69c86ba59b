// The paired devices, and the palette.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Device, Role } from "./api";
import { get, send } from "./api";
import { Ago, Button, brief } from "./parts";
import { act, fleet, tell } from "./state";

export function Devices() {
  const devices = useSignal<Device[]>([]);
  const link = useSignal("");
  const load = () => void get<Device[]>("/api/devices").then((all) => (devices.value = all)).catch((error: Error) => tell(error.message, true));
  useEffect(load, []);
  const make = async (role: Role) => {
    try {
      link.value = (await send<{ address: string }>("/api/link", { role })).address;
    } catch (error) {
      tell((error as Error).message, true);
    }
  };
  const notify = async () => {
    const answer = await Notification.requestPermission();
    tell(answer === "granted" ? "this browser will notify you when something is waiting" : "the browser doesn't allow notifications", answer !== "granted");
  };
  return (
    <main id="main">
      <h1>Devices</h1>
      <div class="scroll" tabIndex={0} role="group" aria-label="table of devices">
        <table>
          <thead><tr><th>device</th><th>may</th><th>paired</th><th><span class="hidden">actions</span></th></tr></thead>
          <tbody>
            {devices.value.map((device) => (
              <tr key={device.id}>
                <td><bdi>{device.name}</bdi> <span class="quiet">{device.id}</span></td>
                <td>{device.role}</td>
                <td><Ago at={device.paired} /> ago</td>
                <td><Button kind="danger" onClick={() => void act(`/api/devices/${device.id}`, null, "DELETE").then(load)}>Forget</Button></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <h2>Another device</h2>
      <p class="quiet">A link pairs one browser. It works once, for ten minutes.</p>
      <div class="buttons">
        {(["watch", "answer", "own"] as const).map((role) => <Button key={role} onClick={() => void make(role)}>Link that may {role}</Button>)}
        <Button onClick={() => void notify()}>Enable desktop notifications</Button>
      </div>
      {link.value && <pre class="verdict">{link.value}</pre>}
    </main>
  );
}

interface Place { name: string; more: string; href: string }

/** Ctrl-K: goes to any run or page. */
export function Palette({ onClose }: { onClose: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const text = useSignal("");
  const at = useSignal(0);
  useEffect(() => input.current?.focus(), []);
  const places: Place[] = [
    { name: "Runs", more: "g r", href: "#/" }, { name: "Inbox", more: "g i", href: "#/inbox" }, { name: "New run", more: "g n", href: "#/new" },
    { name: "Search", more: "g s", href: "#/search" }, { name: "Usage", more: "g u", href: "#/usage" }, { name: "Models", more: "g m", href: "#/models" },
    { name: "Devices", more: "g d", href: "#/devices" },
    ...(fleet.value?.runs ?? []).map((row) => ({ name: brief(row.goal) || row.run, more: `${row.run} ${row.state}`, href: `#/run/${encodeURIComponent(row.run)}` })),
  ];
  const words = text.value.toLowerCase().split(" ").filter(Boolean);
  const found = places.filter((place) => words.every((word) => `${place.name} ${place.more}`.toLowerCase().includes(word))).slice(0, 12);
  if (text.value.trim()) found.push({ name: `Search transcripts for “${text.value.trim()}”`, more: "", href: `#/search/${encodeURIComponent(text.value.trim())}` });
  const go = (place: Place | undefined) => {
    if (place) location.hash = place.href;
    onClose();
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") onClose();
    else if (event.key === "Enter") go(found[at.value]);
    else if (event.key === "ArrowDown") at.value = Math.min(found.length - 1, at.value + 1);
    else if (event.key === "ArrowUp") at.value = Math.max(0, at.value - 1);
    else return;
    event.preventDefault();
  };
  return (
    <div class="veil" onClick={onClose}>
      <div class="palette" role="dialog" aria-modal="true" aria-label="go to" onClick={(event) => event.stopPropagation()}>
        <input
          ref={input} role="combobox" aria-expanded="true" aria-controls="places" aria-label="go to" placeholder="go to a run or a page"
          aria-activedescendant={found.length > 0 ? `place-${at.value}` : undefined} onKeyDown={keys}
          onInput={(event) => { text.value = event.currentTarget.value; at.value = 0; }}
        />
        <ul id="places" role="listbox" aria-label="places">
          {found.map((place, index) => (
            <li key={place.href} id={`place-${index}`} role="option" aria-selected={index === at.value} onClick={() => go(place)}>
              <bdi>{place.name}</bdi> <span class="quiet">{place.more}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

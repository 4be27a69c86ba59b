// The page's frame: pairing, where one is, and what is said aloud.
import { useSignal } from "@preact/signals";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { AgentPage } from "./agent";
import { pair } from "./api";
import { FleetPage } from "./fleet";
import { Inbox } from "./inbox";
import { Devices, Palette } from "./more";
import { NewRun } from "./newrun";
import { SearchPage } from "./search";
import { Models, UsagePage } from "./usage";
import { chordOf, useKeys } from "./parts";
import { RunPage } from "./run";
import { asks, fleet, isConnected, may, me, notice, route, spoken, start } from "./state";

function nameOfThisBrowser(): string {
  const agent = navigator.userAgent;
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(agent)?.[0] ?? "";
  const browser = /Firefox|Edg|Chrome|Safari/.exec(agent)?.[0] ?? "browser";
  return `${browser.replace("Edg", "Edge")} on ${system.replace("Mac OS X", "macOS") || "some system"}`;
}

function App() {
  const isReady = useSignal(false);
  const problem = useSignal("");
  const isPaletteOpen = useSignal(false);
  useEffect(() => {
    void (async () => {
      const code = /^#pair=([0-9a-f]+)$/.exec(location.hash)?.[1];
      if (code) {
        history.replaceState(null, "", "#/");
        route.value = "#/";
        try {
          await pair(code, nameOfThisBrowser());
        } catch (error) {
          problem.value = (error as Error).message;
        }
      }
      try {
        await start();
      } catch (error) {
        problem.value = `the server isn't responding: ${(error as Error).message}`;
      }
      isReady.value = true;
    })();
    const open = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "k") {
        event.preventDefault();
        isPaletteOpen.value = !isPaletteOpen.value;
      }
    };
    addEventListener("keydown", open);
    return () => removeEventListener("keydown", open);
  }, []);
  useKeys((_, event) => {
    const href = chordOf(event);
    if (href) location.hash = href;
  }, true);

  if (!isReady.value) return <p class="boot quiet">…</p>;
  if (!me.value) {
    return (
      <main class="pairing" id="main">
        <img src="icon.svg" alt="" width="56" height="56" />
        <h1>Pair this browser</h1>
        {problem.value && <p class="bad" role="alert">{problem.value}</p>}
        <p>Run <code>godwit link</code> on the machine where <code>godwit serve</code> runs, and open the link that it prints here.</p>
        <p class="quiet">The link works once. Reading needs this browser's key from then on, and whatever changes a run is signed with it.</p>
      </main>
    );
  }
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); document.getElementById("main")?.scrollIntoView(); }}>Skip to content</a>
      <Sidebar />
      <div class="content">
        {fleet.value?.is_recording && <p class="recording" role="note">A recording: these runs happened before, and are played again. Nothing in them can be changed.</p>}
        {!isConnected.value && <p class="offline" role="status">The server isn't responding; this page reconnects by itself.</p>}
        <Page />
      </div>
      {isPaletteOpen.value && <Palette onClose={() => (isPaletteOpen.value = false)} />}
      {notice.value && <p class={notice.value.isBad ? "notice bad" : "notice"}>{notice.value.text}</p>}
      <p class="hidden" aria-live="polite">{spoken.value}</p>
    </>
  );
}

function Sidebar() {
  const here = route.value.split("/")[1] ?? "";
  const link = (href: string, name: string, more?: number) => (
    <a href={href} aria-current={(href.split("/")[1] ?? "") === here || (href === "#/" && here === "run") ? "page" : undefined}>
      {name}{more ? <span class="count num" aria-label={`${more} wait`}>{more}</span> : null}
    </a>
  );
  return (
    <header class="sidebar">
      <p class="brand"><img src="icon.svg" alt="" width="24" height="24" /> Godwit</p>
      <nav aria-label="pages">
        {link("#/", "Runs")}
        {link("#/inbox", "Inbox", asks.value.length)}
        {may("own") && link("#/new", "New run")}
        {link("#/search", "Search")}
        {link("#/usage", "Usage")}
        {link("#/models", "Models")}
        {may("own") && link("#/devices", "Devices")}
      </nav>
      <p class="quiet who"><kbd>Ctrl</kbd> <kbd>K</kbd> to go anywhere<br />{me.value!.name}: {me.value!.role}</p>
    </header>
  );
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function Page() {
  const [page, id, part, name, entry] = route.value.replace(/^#\//, "").split("/").map(decoded);
  const waiting = asks.value.length;
  useEffect(() => {
    document.title = id ? `${id} · Godwit` : waiting > 0 ? `(${waiting}) Godwit` : "Godwit";
  });
  switch (page) {
    case "inbox": return <Inbox />;
    case "new": return <NewRun />;
    case "devices": return <Devices />;
    case "search": return <SearchPage words={id ?? ""} />;
    case "usage": return <UsagePage />;
    case "models": return <Models />;
    case "run": return part === "agent" && name ? <AgentPage key={`${id}/${name}/${entry ?? ""}`} id={id!} name={name} part={entry ?? ""} /> : <RunPage key={id} id={id!} tab={part ?? ""} about={name ?? ""} />;
    default: return <FleetPage />;
  }
}

render(<App />, document.getElementById("app")!);

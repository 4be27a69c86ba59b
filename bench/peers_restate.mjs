// Durable steps a second of Restate: its server, and one handler whose steps are ctx.run, each acknowledged before the next.
// usage: node peers_restate.mjs STEPS TOGETHER      (its server must be installed beside the SDK; uses ports 8080, 9070 and 9080)
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

// The SDK asks for a newer node than Debian's.
Promise.withResolvers ??= () => {
  let resolve, reject;
  const promise = new Promise((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
};
const restate = await import("@restatedev/restate-sdk");
const [steps, together] = [Number(process.argv[2] ?? 500), Number(process.argv[3] ?? 1)];
const post = (url, body) => fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

const loop = restate.service({
  name: "loop",
  handlers: {
    run: async (ctx, count) => {
      let value = 0;
      for (let index = 0; index < count; index++) {
        value = await ctx.run(`step ${index}`, () => value + 1);
      }
      return value;
    },
  },
});
const port = await restate.serve({ services: [loop], port: 9080, logger: () => {} });
const server = spawn("node_modules/.bin/restate-server", ["--base-dir", `restate-${process.pid}`], { stdio: "ignore", detached: true });
try {
  for (let tries = 0; ; tries++) {
    const answer = await post("http://127.0.0.1:9070/deployments", { uri: "http://127.0.0.1:9080" }).catch(() => null);
    if (answer?.ok) break;
    if (tries > 120) throw new Error("restate-server doesn't answer");
    await sleep(500);
  }
  await (await post("http://127.0.0.1:8080/loop/run", 50)).text();
  const start = process.hrtime.bigint();
  const answers = await Promise.all(Array.from({ length: together }, async () => (await post("http://127.0.0.1:8080/loop/run", steps)).json()));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const done = answers.reduce((sum, value) => sum + value, 0);
  console.log(`restate, ${together} at once: ${done} steps in ${seconds.toFixed(2)} s: ${(done / seconds).toFixed(0)} /s`);
} finally {
  process.kill(-server.pid, "SIGKILL");
}
process.exit(0);

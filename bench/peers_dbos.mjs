// Steps a second of an agent's loop in DBOS with PostgreSQL: a model that answers at once and a tool that does nothing, in turn,
// each a step of a workflow.
// usage: node peers_dbos.mjs TURNS AGENTS DATABASE-URL
import { DBOS } from "@dbos-inc/dbos-sdk";

const [turns, agents, url] = [Number(process.argv[2] ?? 250), Number(process.argv[3] ?? 1), process.argv[4]];
DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, logLevel: "error", runAdminServer: false });
const agent = DBOS.registerWorkflow(async () => {
  const messages = [];
  for (let turn = 1; ; turn++) {
    const reply = await DBOS.runStep(async () => (turn > turns ? { done: true } : { name: "run", command: `${turn}` }), { name: `model ${turn}` });
    messages.push(reply);
    if (reply.done) return turn;
    messages.push(await DBOS.runStep(async () => ({ content: `exit code 0 ${reply.command}` }), { name: `tool ${turn}` }));
  }
}, { name: "agent" });
await DBOS.launch();
await agent();
const start = process.hrtime.bigint();
await Promise.all(Array.from({ length: agents }, async () => (await DBOS.startWorkflow(agent)()).getResult()));
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
const steps = agents * (2 * turns + 1);
console.log(`dbos, ${agents} agents' loops: ${steps} steps in ${seconds.toFixed(2)} s: ${(steps / seconds).toFixed(0)} /s`);
await DBOS.shutdown();
process.exit(0);

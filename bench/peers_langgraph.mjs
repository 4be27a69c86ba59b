// Durable steps a second of LangGraph.js with its SQLite checkpointer: a loop of one node, each superstep checkpointed.
// usage: node peers_langgraph.mjs STEPS
import { StateGraph, Annotation, START, END } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const steps = Number(process.argv[2] ?? 500);
const saver = SqliteSaver.fromConnString(process.argv[3] ?? "langgraph.db");
saver.db.pragma("journal_mode = WAL");
saver.db.pragma("synchronous = FULL");
const State = Annotation.Root({ count: Annotation() });
const graph = new StateGraph(State)
  .addNode("step", async (state) => ({ count: state.count + 1 }))
  .addEdge(START, "step")
  .addConditionalEdges("step", (state) => (state.count < steps ? "step" : END))
  .compile({ checkpointer: saver });
const start = process.hrtime.bigint();
const result = await graph.invoke({ count: 0 }, { configurable: { thread_id: "bench" }, recursionLimit: steps + 10, durability: "sync" });
const seconds = Number(process.hrtime.bigint() - start) / 1e9;
console.log(`${result.count} steps in ${seconds.toFixed(2)} s: ${(result.count / seconds).toFixed(0)} /s`);

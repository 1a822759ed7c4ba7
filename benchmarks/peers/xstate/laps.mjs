// Runs laps of the two charts for the Python side: one JSON request a line on standard input,
// {"case": "flat" | "parallel", "way": "send" | "transition", "events": n}, and one JSON answer a
// line on standard output, {"seconds": s, "count": c}. An instance lives as long as this process.
import { createInterface } from "node:readline";
import { assign, createActor, initialTransition, setup, transition } from "xstate";

const countLimit = 2 ** 50;

const kit = setup({
  guards: { belowLimit: ({ context }) => context.count < countLimit },
  actions: { countOne: assign({ count: ({ context }) => context.count + 1 }) },
});

const next = (target) => ({ TICK: { target, guard: "belowLimit", actions: "countOne" } });

const flat = kit.createMachine({
  id: "ring",
  context: { count: 0 },
  initial: "a",
  states: { a: { on: next("b") }, b: { on: next("c") }, c: { on: next("d") }, d: { on: next("a") } },
});

const counting = { entry: "countOne", exit: "countOne" };

function region(name) {
  const leaf = (target) => ({ ...counting, on: { FLIP: `#${name}.${target}` } });
  return {
    id: name,
    initial: "one",
    states: {
      one: { ...counting, initial: "x", states: { x: leaf("two.y"), y: leaf("two.x") } },
      two: { ...counting, initial: "x", states: { x: leaf("one.x"), y: leaf("one.y") } },
    },
  };
}

const parallel = kit.createMachine({
  id: "top",
  context: { count: 0 },
  type: "parallel",
  states: { left: region("left"), right: region("right") },
});

const charts = {
  flat: { machine: flat, event: { type: "TICK" } },
  parallel: { machine: parallel, event: { type: "FLIP" } },
};

function sender({ machine, event }) {
  const actor = createActor(machine).start();
  const before = actor.getSnapshot().context.count;
  return (events) => {
    const began = performance.now();
    for (let n = 0; n < events; n++) actor.send(event);
    const seconds = (performance.now() - began) / 1000;
    return { seconds, count: actor.getSnapshot().context.count - before };
  };
}

function transitioner({ machine, event }) {
  let [snapshot] = initialTransition(machine);
  const before = snapshot.context.count;
  return (events) => {
    const began = performance.now();
    for (let n = 0; n < events; n++) [snapshot] = transition(machine, snapshot, event);
    const seconds = (performance.now() - began) / 1000;
    return { seconds, count: snapshot.context.count - before };
  };
}

const ways = { send: sender, transition: transitioner };
const runs = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const { case: name, way, events } = JSON.parse(line);
  const key = `${name} ${way}`;
  if (!runs.has(key)) runs.set(key, ways[way](charts[name]));
  console.log(JSON.stringify(runs.get(key)(events)));
}

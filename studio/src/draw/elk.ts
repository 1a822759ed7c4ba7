/**
 * ELK in Node. Its worker's file is left as it came, beside the program; it is read as the CommonJS
 * module that it is, whatever a `package.json` further up says about files called `.js`. It runs in
 * this thread: the caller ends the program when it takes too long.
 */

import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import ELK from 'elkjs/lib/elk-api.js';
import type { Engine } from '../layout/layout';

interface Exports {
  Worker?: new () => Worker;
}

export function engineFrom(file: string | URL): Engine {
  const module = { exports: {} as Exports };
  const run = compileFunction(readFileSync(file, 'utf8'), ['module', 'exports'], {
    filename: String(file),
  }) as (module: { exports: Exports }, exports: Exports) => void;
  run(module, module.exports);
  const Made = module.exports.Worker;
  if (!Made) throw new Error(`${String(file)} has no worker for layouts in it`);
  const elk = new ELK({ workerFactory: () => new Made() });
  return { layout: (graph) => elk.layout(graph) };
}

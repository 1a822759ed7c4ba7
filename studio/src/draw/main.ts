/**
 * `node draw.mjs`: a request on standard input, SVG on standard output. `statehold draw` starts it.
 * Exit code 1 and a line on standard error where a chart can't be drawn.
 */

import { existsSync, readFileSync } from 'node:fs';
import css from '../paint/paint.css?raw';
import { engineFrom } from './elk';
import { draw, type DrawRequest } from './request';

const beside = (name: string) => new URL(name, import.meta.url);

try {
  const request = JSON.parse(readFileSync(0, 'utf8')) as DrawRequest;
  const file = beside('./inter.woff2');
  const look = existsSync(file) ? { css, font: readFileSync(file).toString('base64') } : { css };
  process.stdout.write(await draw(request, engineFrom(beside('./elk-worker.min.js')), look));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

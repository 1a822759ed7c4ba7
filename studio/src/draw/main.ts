/**
 * `node draw.mjs`: a request on standard input, SVG on standard output. `statehold draw` starts it.
 * Exit code 1 and a line on standard error where a chart can't be drawn.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import css from '../paint/paint.css?raw';
import { engineFrom } from './elk';
import { draw, type DrawRequest } from './request';

const near = (name: string) => new URL(name, import.meta.url);

/** The browser's own copy, among the files that are served. */
function layoutFile(): URL {
  const served = near('../assets/');
  const name = existsSync(served)
    ? readdirSync(served).find((one) => /^elk-worker\.min\b.*\.js$/.test(one))
    : undefined;
  if (name === undefined) throw new Error('the layout is not here: build the studio anew');
  return new URL(name, served);
}

try {
  const request = JSON.parse(readFileSync(0, 'utf8')) as DrawRequest;
  const file = near('./inter.woff2');
  const look = existsSync(file) ? { css, font: readFileSync(file).toString('base64') } : { css };
  process.stdout.write(await draw(request, engineFrom(layoutFile()), look));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

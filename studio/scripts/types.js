/**
 * Writes src/wire/openapi.ts from the server's own description of itself; with --check it writes
 * nothing and fails where the file is not what it would write.
 *
 * The description is asked of the package in this checkout, through the Python that PYTHON names
 * (the checkout's own environment if it is not set).
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapi, { astToString } from 'openapi-typescript';

const OUT = fileURLToPath(new URL('../src/wire/openapi.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PRINT = `
import json
from statehold.engine import Engine
from statehold.server import create_app
print(json.dumps(create_app(lambda: Engine("memory://", machines=[])).openapi()))
`;
const HEAD = `/** Made by \`npm run types\` from the server's OpenAPI document; not to be changed by hand. */\n`;

const python = process.env.PYTHON ?? `${ROOT}/.venv/bin/python`;
const printed = execFileSync(python, ['-c', PRINT], {
  cwd: ROOT,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
});
const made = HEAD + astToString(await openapi(JSON.parse(printed)));

if (!process.argv.includes('--check')) {
  writeFileSync(OUT, made);
} else if (readFileSync(OUT, 'utf8') !== made) {
  console.error('src/wire/openapi.ts is not what the server says; run `npm run types`');
  process.exitCode = 1;
}

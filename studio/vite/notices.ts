/**
 * The licences of everything of others that a build carries, as one file beside it: `notices.txt`.
 *
 * Which packages those are is read off the modules that were bundled, in workers too, and off the
 * files that were taken over as they are, so that none can be forgotten. A package that brings no
 * licence fails the build.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Plugin, Rollup } from 'vite';

const HEAD = `The studio contains the works below, each under its own licence.
Where a choice of licences is given, the first one is used.
Nothing of them was changed, but for being bundled and minified.
`;
const LICENCE = /^(licen[cs]e|copying|ofl)(\.(md|txt))?$/i;

/** Plugins for the application and for its workers; what both saw is written with the first. */
export function notices(): { forPage: Plugin; forWorkers: Plugin } {
  const folders = new Set<string>();
  let root = '';
  const see = (modules: Iterable<string>, bundle: Rollup.OutputBundle): void => {
    const files = Object.values(bundle).flatMap((file) =>
      file.type === 'asset' ? file.originalFileNames.map((name) => resolve(root, name)) : [],
    );
    for (const path of [...modules, ...files]) {
      const folder = packageOf(path);
      if (folder !== null) folders.add(folder);
    }
  };
  return {
    forPage: {
      name: 'notices',
      apply: 'build',
      configResolved(config) {
        root = config.root;
      },
      generateBundle(_, bundle) {
        see(this.getModuleIds(), bundle);
        const source = [HEAD, ...[...folders].map(noticeOf).sort()].join('\n');
        this.emitFile({ type: 'asset', fileName: 'notices.txt', source });
      },
    },
    forWorkers: {
      name: 'notices-of-workers',
      apply: 'build',
      generateBundle(_, bundle) {
        see(this.getModuleIds(), bundle);
      },
    },
  };
}

/** The folder of the package that a module or a file belongs to, null for our own. */
function packageOf(path: string): string | null {
  const found = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path.replace(/^\0/, ''));
  return found?.[1] ?? null;
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { name: string; version: string; license?: string };
  const file = readdirSync(folder).find((name) => LICENCE.test(name));
  if (file === undefined) {
    throw new Error(`${name} ${version} brings no licence with it: ${folder}`);
  }
  const text = readFileSync(join(folder, file), 'utf8').trim();
  const title = `${name} ${version} (${license ?? 'see below'})`;
  return `${'-'.repeat(80)}\n${title}\n${'-'.repeat(80)}\n\n${text}\n`;
}

import { copyFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const OUT = '../src/statehold/studio/draw';

/** The layout's worker goes beside the program as it came, with its licence. */
const elk: Plugin = {
  name: 'elk-beside',
  closeBundle() {
    const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
    const from = (name: string) => file(`node_modules/elkjs/${name}`);
    copyFileSync(from('lib/elk-worker.min.js'), file(`${OUT}/elk-worker.min.js`));
    copyFileSync(from('LICENSE.md'), file(`${OUT}/elk-worker.LICENSE.md`));
  },
};

/** `statehold draw`: one file that Node runs. */
export default defineConfig({
  publicDir: false,
  plugins: [elk],
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'node20',
    minify: false,
    lib: { entry: 'src/draw/main.ts', formats: ['es'], fileName: () => 'draw.mjs' },
    rollupOptions: {
      external: [...builtinModules, ...builtinModules.map((name) => `node:${name}`)],
    },
  },
});

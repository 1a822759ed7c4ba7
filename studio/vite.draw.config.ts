import { builtinModules } from 'node:module';
import { defineConfig } from 'vite';

/**
 * `statehold draw`: one file that Node.js runs. The layout that it needs is the page's, in `assets/`
 * beside it, so the page is built first.
 */
export default defineConfig({
  publicDir: false,
  build: {
    outDir: '../src/statehold/studio/draw',
    emptyOutDir: true,
    target: 'node18',
    minify: false,
    lib: { entry: 'src/draw/main.ts', formats: ['es'], fileName: () => 'draw.mjs' },
    rollupOptions: {
      external: [...builtinModules, ...builtinModules.map((name) => `node:${name}`)],
    },
  },
});

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { compressed } from './vite/compressed.ts';
import { notices } from './vite/notices.ts';

/** Where `statehold serve` listens while the studio is worked on with `npm run dev`. */
const SERVER = process.env['STATEHOLD'] ?? 'http://127.0.0.1:8420';

const { forPage, forWorkers } = notices();

export default defineConfig({
  plugins: [svelte(), forPage, compressed()],
  // the server may be mounted under any prefix
  base: './',
  build: {
    outDir: '../src/statehold/studio',
    emptyOutDir: true,
    target: 'es2022',
    // data: addresses are allowed for pictures alone, so nothing is written into the style
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: 'es', plugins: () => [forWorkers] },
  server: { proxy: { '/api': SERVER, '/health': SERVER, '/ready': SERVER } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});

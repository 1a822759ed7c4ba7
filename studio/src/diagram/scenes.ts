/** Scenes and pictures for the rest of the studio: laid out in a worker, kept, written as files. */

import fontUrl from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import { SceneCache, keyOf } from '../layout/cache';
import { engineAt } from '../layout/engine';
import { sceneBy, type SceneOptions } from '../layout/layout';
import type { Scene } from '../layout/scene';
import type { Chart } from '../model/chart';
import { graphOf } from '../model/graph';
import { collapsedByDefault } from '../model/view';
import css from '../paint/paint.css?raw';
import { svgText, type SvgOptions } from '../paint/svg';

const engine = engineAt(workerUrl);
// the worker's program is large: it is read while the chart is still on its way
if (typeof Worker !== 'undefined') engine.warm();
const cache = new SceneCache();

/** Raises `LayoutTimedOut`, or an `AbortError` where `signal` says that nobody waits any more. */
export async function sceneOf(
  chart: Chart,
  options: SceneOptions = {},
  signal?: AbortSignal,
): Promise<Scene> {
  const key = keyOf(chart, options);
  const kept = cache.get(key);
  if (kept) return kept;
  const scene = await sceneBy(engine, chart, options, signal);
  cache.set(key, scene);
  return scene;
}

/** What to collapse in a chart that nobody has opened yet: nothing in one of up to 40 states. */
export function collapsedAtFirst(chart: Chart): Set<string> {
  return collapsedByDefault(graphOf(chart));
}

export type PictureOptions = Omit<SvgOptions, 'css' | 'font'>;

/** SVG whose style is in it, and whose font is named. */
export function svgOf(scene: Scene, options: PictureOptions = {}): string {
  return svgText(scene, { ...options, css });
}

/** SVG with its font in it, which looks the same wherever it is opened. */
export async function svgFileOf(scene: Scene, options: PictureOptions = {}): Promise<string> {
  return svgText(scene, { ...options, css, font: await fontInBase64() });
}

/** A PNG of `scale` pixels for each of the drawing's, less where that would be more than a page bears. */
export async function pngOf(scene: Scene, options: PictureOptions = {}, scale = 2): Promise<Blob> {
  const svg = new Blob([await svgFileOf(scene, options)], { type: 'image/svg+xml' });
  const url = URL.createObjectURL(svg);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const bearable = Math.min(scale, MOST_PIXELS / Math.max(scene.w, scene.h));
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(scene.w * bearable);
    canvas.height = Math.ceil(scene.h * bearable);
    const context = canvas.getContext('2d');
    if (!context) throw new Error('this browser draws no pictures');
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done, refuse) =>
      canvas.toBlob((blob) => {
        if (blob) done(blob);
        else refuse(new Error('this browser could not write the picture'));
      }, 'image/png'),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}

/** Of a canvas, either way. */
const MOST_PIXELS = 8192;

let font: Promise<string> | null = null;

function fontInBase64(): Promise<string> {
  font ??= read().catch((error: unknown) => {
    // the next picture tries again
    font = null;
    throw error;
  });
  return font;
}

async function read(): Promise<string> {
  const answer = await fetch(fontUrl);
  if (!answer.ok) throw new Error(`the font was not there (${answer.status})`);
  let binary = '';
  for (const byte of new Uint8Array(await answer.arrayBuffer()))
    binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Where one looks at a drawing from: moved by hand, by wheel, by two fingers, by keys. */

import type { Point, Rect } from '../layout/scene';

export interface View {
  x: number;
  y: number;
  k: number;
}

const NEAREST = 3;
const FARTHEST = 0.05;
const PADDING = 24;
/** Kept free at the lower edge when all is to be seen, for the tools that stand over it. */
const TOOLS = 44;
/** Small charts are not blown up beyond it. */
const FIT_LIMIT = 1.25;
/** Milliseconds. */
const GLIDE = 180;

export class Camera {
  view = $state.raw<View>({ x: 0, y: 0, k: 1 });
  /** Nobody has moved it: it keeps the whole in sight. */
  fits = $state(true);
  size = $state.raw({ w: 0, h: 0 });
  private gliding = 0;

  constructor(private readonly moved: (view: View) => void) {}

  /** Sets it without notifying anyone. */
  set(view: View): void {
    cancelAnimationFrame(this.gliding);
    this.view = view;
  }

  fit(whole: { w: number; h: number }): View {
    const w = this.size.w;
    const h = Math.max(this.size.h - TOOLS, 1);
    const k = clamp(Math.min(FIT_LIMIT, (w - 2 * PADDING) / whole.w, (h - 2 * PADDING) / whole.h));
    return { k, x: (w - whole.w * k) / 2, y: (h - whole.h * k) / 2 };
  }

  pan(dx: number, dy: number): void {
    this.change({ ...this.view, x: this.view.x + dx, y: this.view.y + dy });
  }

  /** By a factor, around a point of the window; its middle if none is given. */
  zoom(factor: number, at?: Point, smooth = false): void {
    const { x, y } = at ?? { x: this.size.w / 2, y: this.size.h / 2 };
    const old = this.view;
    const k = clamp(old.k * factor);
    const view = { k, x: x - ((x - old.x) * k) / old.k, y: y - ((y - old.y) * k) / old.k };
    if (smooth) this.glide(view);
    else this.change(view);
  }

  /** Moves as little as needed for the rectangle to be seen. */
  reveal(rect: Rect): void {
    const { x, y, k } = this.view;
    const dx = into(rect.x * k + x, rect.w * k, this.size.w);
    const dy = into(rect.y * k + y, rect.h * k, this.size.h);
    if (dx || dy) this.glide({ k, x: x + dx, y: y + dy });
  }

  glide(to: View): void {
    cancelAnimationFrame(this.gliding);
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.change(to);
      return;
    }
    const from = this.view;
    const began = performance.now();
    const next = (now: number) => {
      const t = Math.min(1, Math.max(0, (now - began) / GLIDE));
      const eased = 1 - (1 - t) ** 3;
      const between = (a: number, b: number) => a + (b - a) * eased;
      this.view = { x: between(from.x, to.x), y: between(from.y, to.y), k: between(from.k, to.k) };
      if (t < 1) this.gliding = requestAnimationFrame(next);
      else this.change(to);
    };
    this.fits = false;
    this.gliding = requestAnimationFrame(next);
  }

  private change(view: View): void {
    cancelAnimationFrame(this.gliding);
    this.fits = false;
    this.view = view;
    this.moved(view);
  }
}

function clamp(k: number): number {
  return Math.min(NEAREST, Math.max(FARTHEST, k));
}

/** How far to move so that a stretch lies in the window, or its beginning if it is longer. */
function into(from: number, length: number, size: number): number {
  if (from < PADDING || length > size - 2 * PADDING) return PADDING - from;
  return Math.min(0, size - PADDING - (from + length));
}

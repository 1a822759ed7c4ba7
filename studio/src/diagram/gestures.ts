/**
 * Gestures on a drawing by mouse and fingers. A press that moves drags the drawing and is not a
 * click; two fingers zoom.
 */

import type { Camera } from './camera.svelte';
import type { Point } from '../layout/scene';

/** Pixels that a press may move and still be a click. */
const STEADY = 4;

export class Gestures {
  private readonly down = new Map<number, Point>();
  private start: Point | null = null;
  /** Set while, and until the click after, a press moved the drawing. */
  dragging = false;

  constructor(private readonly camera: Camera) {}

  press(event: PointerEvent): void {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    this.down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.start = { x: event.clientX, y: event.clientY };
    this.dragging = false;
  }

  move(event: PointerEvent): void {
    const before = this.down.get(event.pointerId);
    if (!before || !(event.currentTarget instanceof Element)) return;
    const now = { x: event.clientX, y: event.clientY };
    if (!this.dragging) {
      const far = this.start ? Math.hypot(now.x - this.start.x, now.y - this.start.y) : 0;
      if (far < STEADY && this.down.size < 2) return;
      this.dragging = true;
      // only now: a captured press would be a click on the whole drawing
      event.currentTarget.setPointerCapture(event.pointerId);
    }
    const other = [...this.down].find(([id]) => id !== event.pointerId)?.[1];
    this.down.set(event.pointerId, now);
    if (!other) {
      this.camera.pan(now.x - before.x, now.y - before.y);
      return;
    }
    const edge = event.currentTarget.getBoundingClientRect();
    const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
    this.camera.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    const wider = distance(now, other) / Math.max(1, distance(before, other));
    this.camera.zoom(wider, { x: middle.x - edge.x, y: middle.y - edge.y });
  }

  release(event: PointerEvent): void {
    this.down.delete(event.pointerId);
  }

  wheel(event: WheelEvent): void {
    event.preventDefault();
    if (!(event.currentTarget instanceof Element)) return;
    const edge = event.currentTarget.getBoundingClientRect();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey) this.camera.pan(-(dx || dy), 0);
    else if (Math.abs(dx) > Math.abs(dy)) this.camera.pan(-dx, 0);
    else {
      const speed = event.ctrlKey ? 0.01 : 0.0015;
      const at = { x: event.clientX - edge.x, y: event.clientY - edge.y };
      this.camera.zoom(Math.exp(-Math.max(-400, Math.min(400, dy)) * speed), at);
    }
  }
}

function distance(one: Point, other: Point): number {
  return Math.hypot(other.x - one.x, other.y - one.y);
}

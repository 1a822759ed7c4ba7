/** Lists and views as they stand in an address. Ids may hold a comma, so it is escaped in each. */
import type { View } from '../../diagram';

export function listOf(text: string | null): string[] {
  if (!text) return [];
  return text.split(',').map((part) => part.replace(/~c/g, ',').replace(/~t/g, '~'));
}

export function textOf(list: Iterable<string>): string {
  return [...list].map((part) => part.replace(/~/g, '~t').replace(/,/g, '~c')).join(',');
}

/** `x,y,k`; null for what is none. */
export function viewOf(text: string | null): View | null {
  const numbers = (text ?? '').split(',').map(Number);
  const [x, y, k] = numbers;
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  if (x === undefined || y === undefined || k === undefined || k <= 0) return null;
  return { x, y, k };
}

export function viewText(view: View): string {
  return `${Math.round(view.x)},${Math.round(view.y)},${Number(view.k.toFixed(3))}`;
}

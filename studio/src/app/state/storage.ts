/** What this browser remembers. If it stores nothing, everything has its default. */
import { readJson, writeJson } from '../../wire/json';
import type { Json } from '../../wire/types';

const PREFIX = 'statehold.';

export function readStored(name: string): Json | undefined {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : readJson(text);
  } catch {
    return undefined;
  }
}

export function writeStored(name: string, value: Json | undefined): void {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, writeJson(value));
  } catch {
    // full, or switched off
  }
}

/**
 * Keyboard shortcuts of the page that is shown. Each is listed in the overlay that `?` opens, so
 * none exists that can't be found.
 */
import { onDestroy } from 'svelte';

export interface Shortcut {
  keys: string;
  does: string;
  group: string;
  run: () => void;
}

class Keys {
  #shortcuts = $state.raw<readonly Shortcut[]>([]);
  help = $state(false);

  get shortcuts(): readonly Shortcut[] {
    return this.#shortcuts;
  }

  add(shortcuts: readonly Shortcut[]): () => void {
    this.#shortcuts = [...this.#shortcuts, ...shortcuts];
    return () => {
      this.#shortcuts = this.#shortcuts.filter((one) => !shortcuts.includes(one));
    };
  }

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
    // what came last stands before: a page's own before the shell's
    const found = this.#shortcuts.findLast((one) => one.keys === event.key);
    if (found === undefined) return;
    event.preventDefault();
    found.run();
  }
}

export const keys = new Keys();

/** For components: their shortcuts, as long as they are shown. */
export function shortcuts(...given: Shortcut[]): void {
  onDestroy(keys.add(given));
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  if (target instanceof HTMLSelectElement) return true;
  const silent = ['checkbox', 'radio', 'button', 'submit', 'range'];
  return target instanceof HTMLInputElement && !silent.includes(target.type);
}

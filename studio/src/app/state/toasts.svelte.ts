/** Short messages at the edge of the page, read out by screen readers. */

export interface Toast {
  id: number;
  tone: 'good' | 'bad' | 'plain';
  text: string;
  /** Where one may look at it. */
  href?: string;
}

/** At once; older ones go first. */
const SHOWN = 4;
const GOOD_MS = 5000;
/** What went wrong stays until it was read. */
const BAD_MS = 15_000;

class Toasts {
  #shown = $state.raw<readonly Toast[]>([]);
  #made = 0;

  get shown(): readonly Toast[] {
    return this.#shown;
  }

  say(text: string, tone: Toast['tone'] = 'plain', href?: string): void {
    const toast: Toast = { id: (this.#made += 1), tone, text, ...(href ? { href } : {}) };
    this.#shown = [...this.#shown, toast].slice(-SHOWN);
    setTimeout(() => this.dismiss(toast.id), tone === 'bad' ? BAD_MS : GOOD_MS);
  }

  failed(error: unknown): void {
    this.say(error instanceof Error ? error.message : String(error), 'bad');
  }

  dismiss(id: number): void {
    this.#shown = this.#shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

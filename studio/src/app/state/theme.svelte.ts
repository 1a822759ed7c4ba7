/** Light, dark, or as the system has it; remembered. */
import { readStored, writeStored } from './storage';

export type Choice = 'system' | 'light' | 'dark';

const CHOICES: readonly Choice[] = ['system', 'light', 'dark'];

class Theme {
  #system = $state(matchMedia('(prefers-color-scheme: dark)').matches);
  #choice = $state<Choice>(CHOICES.find((one) => one === readStored('theme')) ?? 'system');

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', (event) => {
      this.#system = event.matches;
    });
  }

  get choice(): Choice {
    return this.#choice;
  }

  get shown(): 'light' | 'dark' {
    if (this.#choice !== 'system') return this.#choice;
    return this.#system ? 'dark' : 'light';
  }

  choose(choice: Choice): void {
    this.#choice = choice;
    writeStored('theme', choice === 'system' ? undefined : choice);
  }

  next(): void {
    this.choose(CHOICES[(CHOICES.indexOf(this.#choice) + 1) % CHOICES.length] ?? 'system');
  }
}

export const theme = new Theme();

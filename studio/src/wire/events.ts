/**
 * Server-sent events from text as it comes (the HTML standard, 9.2.6). Of its own since the
 * browser's EventSource gives up for good at the first answer that is none of success.
 */

export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** An event's text may not be longer; the server's are bounded far below. */
const LIMIT = 16 * 1024 * 1024;

export class EventParser {
  #rest = '';
  #id: string | null = null;
  #event = '';
  #data: string[] = [];

  /** The events that are whole with this piece of text. Raises where one would have no end. */
  feed(text: string): ServerEvent[] {
    this.#rest += text;
    if (this.#rest.length > LIMIT) throw new Error('an event of the stream has no end');
    const found: ServerEvent[] = [];
    // a lone CR at the end may be half of a CRLF
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        this.#field(line);
        continue;
      }
      if (this.#data.length > 0) {
        found.push({ id: this.#id, event: this.#event || 'message', data: this.#data.join('\n') });
      }
      this.#id = null;
      this.#event = '';
      this.#data = [];
    }
    return found;
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'id') this.#id = value;
    else if (name === 'event') this.#event = value;
    else if (name === 'data') this.#data.push(value);
  }
}

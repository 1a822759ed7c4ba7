/**
 * What goes wrong between the studio and the server, as errors with the server's own words.
 *
 *   WireError
 *   ├── Problem       the server answered with an RFC 9457 problem document
 *   └── Unreachable   it did not answer at all, or with something that is none of its answers
 */
import { readJson } from './json';

const PREFIX = 'urn:statehold:problem:';

export class WireError extends Error {
  override readonly name: string = 'WireError';
}

/** No answer: the server is away, or something between it and the browser answered instead. */
export class Unreachable extends WireError {
  override readonly name = 'Unreachable';
}

export class Problem extends WireError {
  override readonly name = 'Problem';
  readonly status: number;
  /** The error's stable name (`not-allowed`); empty for one without. */
  readonly code: string;
  readonly title: string;
  /** What the problem carries beside the standard's members. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Record<string, unknown>) {
    const title = text(body['title']) || `Status ${status}`;
    super(text(body['detail']) || title);
    this.status = status;
    this.title = title;
    const type = text(body['type']);
    this.code = type.startsWith(PREFIX) ? type.slice(PREFIX.length) : '';
    this.members = body;
  }

  /** For `invalid-payload`: each place (`a.b.0`) and what is wrong there. */
  get fields(): Record<string, string> {
    const fields = this.members['fields'];
    if (typeof fields !== 'object' || fields === null) return {};
    return Object.fromEntries(Object.entries(fields).map(([at, why]) => [at, String(why)]));
  }

  /** Another caller may be permitted, or the same one after authentication. */
  get noRight(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** The error for an answer that is none of success. */
export async function problemOf(response: Response): Promise<WireError> {
  const type = response.headers.get('content-type') ?? '';
  if (/^application\/(problem\+)?json/.test(type)) {
    const body: unknown = await response
      .text()
      .then(readJson)
      .catch(() => null);
    if (typeof body === 'object' && body !== null) {
      return new Problem(response.status, body as Record<string, unknown>);
    }
  }
  if (response.status >= 500) {
    return new Unreachable(`the server can't be reached (status ${response.status})`);
  }
  return new Problem(response.status, {});
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

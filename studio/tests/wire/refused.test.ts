/** An answer 401: whether a request, and a stream, is sent again with what the user has then. */
import { describe, expect, test } from 'vitest';
import { Client } from '../../src/wire/client';
import type { WireError } from '../../src/wire/problem';
import { openStream, type StreamState } from '../../src/wire/stream';

type Headers = Record<string, string>;

const refusal = () =>
  new Response('{"title": "Authentication required"}', {
    status: 401,
    headers: { 'content-type': 'application/problem+json' },
  });

describe('a request that is refused', () => {
  /** Asks with the token t0, then t1, …; `renews`: whether there is another one. */
  function asked(answers: (() => Response)[], renews: () => boolean | Promise<boolean>) {
    let token = 0;
    const sent: string[] = [];
    const refused: string[] = [];
    const client = new Client({
      headers: () => ({ authorization: `t${token}` }),
      onrefused: async (headers) => {
        refused.push(headers['authorization']!);
        const again = await renews();
        token += 1;
        return again;
      },
      fetch: async (_url, init) => {
        sent.push((init?.headers as Headers)['authorization']!);
        return answers.shift()!();
      },
    });
    return { client, sent, refused };
  }

  const fine = () => new Response('{"name": "ada"}');

  test('is sent again with the next token', async () => {
    const { client, sent, refused } = asked([refusal, fine], () => true);
    expect(await client.me()).toMatchObject({ name: 'ada' });
    expect({ sent, refused }).toEqual({ sent: ['t0', 't1'], refused: ['t0'] });
  });

  test('is sent again once', async () => {
    const { client, sent } = asked([refusal, refusal], () => true);
    await expect(client.me()).rejects.toMatchObject({ status: 401 });
    expect(sent).toEqual(['t0', 't1']);
  });

  test('stays refused where there is no other token', async () => {
    const { client, sent } = asked([refusal], () => false);
    await expect(client.me()).rejects.toMatchObject({ status: 401 });
    expect(sent).toEqual(['t0']);
  });
});

describe('a stream that is refused', () => {
  const body = (text: string) => new Response(text, { status: 200 });
  const end = () => body('event: end\ndata: {}\n\n');

  /** Until it ends by itself, or is closed as `renews` is asked. */
  async function run(answers: (() => Response)[], renews: (close: () => void) => boolean) {
    const states: StreamState[] = [];
    const sent: string[] = [];
    const from: (string | undefined)[] = [];
    const errors: (WireError | null)[] = [];
    const waited: number[] = [];
    let token = 0;
    await new Promise<void>((done) => {
      const close = openStream({
        url: () => '/stream',
        headers: () => ({ authorization: `t${token}` }),
        onrefused: (headers) => {
          expect(headers).toEqual({ authorization: `t${token}` });
          token += 1;
          const again = renews(close);
          if (!states.includes('ended')) queueMicrotask(() => setTimeout(done, 0));
          return again;
        },
        after: '3',
        end: 'end',
        fetch: async (_url, init) => {
          const headers = init?.headers as Headers;
          sent.push(headers['authorization']!);
          from.push(headers['last-event-id']);
          return answers.shift()!();
        },
        wait: async (ms) => void waited.push(ms),
        onevent: () => undefined,
        onstate: (state, error) => {
          states.push(state);
          errors.push(error);
          if (state === 'ended') done();
        },
      });
    });
    return { states, sent, from, errors, waited };
  }

  test('goes on at once from where it was, with the next token', async () => {
    const seen = await run([() => body('id: 4\ndata: a\n\n'), refusal, end], () => true);
    expect(seen.sent).toEqual(['t0', 't0', 't1']);
    expect(seen.from).toEqual(['3', '4', '4']);
    expect(seen.states).toEqual(['connecting', 'open', 'lost', 'open', 'ended']);
    // once, for the end of the first connection
    expect(seen.waited.length).toBe(1);
  });

  test('ends where the next token is refused too', async () => {
    const seen = await run([refusal, refusal], () => true);
    expect(seen.sent).toEqual(['t0', 't1']);
    expect(seen.states).toEqual(['connecting', 'ended']);
    expect(seen.errors[1]).toMatchObject({ status: 401 });
  });

  test('may be refused again after it was open', async () => {
    const seen = await run([refusal, () => body(''), refusal, end], () => true);
    expect(seen.sent).toEqual(['t0', 't1', 't1', 't2']);
    expect(seen.states.at(-1)).toBe('ended');
    expect(seen.errors.at(-1)).toBe(null);
  });

  test('ends where there is no other token', async () => {
    const seen = await run([refusal], () => false);
    expect(seen.sent).toEqual(['t0']);
    expect(seen.states).toEqual(['connecting', 'ended']);
  });

  test('that is closed meanwhile is not opened again', async () => {
    const seen = await run([refusal], (close) => {
      close();
      return true;
    });
    expect(seen.sent).toEqual(['t0']);
    expect(seen.states).toEqual(['connecting']);
  });

  test('whose headers can’t be had is lost, or ended by a refusal', async () => {
    const states: StreamState[] = [];
    const { Problem } = await import('../../src/wire/problem');
    await new Promise<void>((done) =>
      openStream({
        url: () => '/stream',
        headers: () => Promise.reject(new Problem(401, { title: 'Signed out' })),
        onevent: () => undefined,
        fetch: () => Promise.reject(new Error('it was asked')),
        onstate: (state) => {
          states.push(state);
          if (state === 'ended') done();
        },
      }),
    );
    expect(states).toEqual(['connecting', 'ended']);
  });
});

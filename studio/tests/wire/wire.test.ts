import { describe, expect, test } from 'vitest';
import { backoff, FIRST_MS, LONGEST_MS } from '../../src/wire/backoff';
import { Client, freshKey } from '../../src/wire/client';
import { EventParser } from '../../src/wire/events';
import { Problem, Unreachable, problemOf } from '../../src/wire/problem';
import { openStream, type StreamState } from '../../src/wire/stream';

describe('server-sent events', () => {
  const TEXT =
    ': hello\n\nid: 7\nevent: step\ndata: {"a":\ndata: 1}\n\ndata:x\r\n\r\nevent: end\n\n';
  const EVENTS = [
    { id: '7', event: 'step', data: '{"a":\n1}' },
    { id: null, event: 'message', data: 'x' },
  ];

  test('are read whole, however the text is cut', () => {
    for (let cut = 0; cut <= TEXT.length; cut += 1) {
      const parser = new EventParser();
      const found = [...parser.feed(TEXT.slice(0, cut)), ...parser.feed(TEXT.slice(cut))];
      expect(found).toEqual(EVENTS);
    }
  });

  test('without an end are refused', () => {
    const parser = new EventParser();
    expect(() => parser.feed('x'.repeat(17 * 1024 * 1024))).toThrow('no end');
  });
});

describe('waiting', () => {
  test('doubles up to a bound, and is spread', () => {
    expect([1, 2, 3].map((n) => backoff(n, 1))).toEqual([FIRST_MS, FIRST_MS * 2, FIRST_MS * 4]);
    expect(backoff(1000, 1)).toBe(LONGEST_MS);
    expect(backoff(1, 0)).toBe(FIRST_MS / 2);
  });
});

describe('problems', () => {
  const answer = (status: number, body: string, type = 'application/problem+json') =>
    problemOf(new Response(body, { status, headers: { 'content-type': type } }));

  test('have the server’s words, code and fields', async () => {
    const problem = await answer(
      422,
      JSON.stringify({
        type: 'urn:statehold:problem:invalid-payload',
        title: 'The payload does not fit',
        status: 422,
        detail: 'Accept is not valid',
        fields: { prep_minutes: 'has to be above 0' },
      }),
    );
    expect(problem).toBeInstanceOf(Problem);
    expect(problem.message).toBe('Accept is not valid');
    expect(problem).toMatchObject({
      code: 'invalid-payload',
      fields: { prep_minutes: 'has to be above 0' },
      noRight: false,
    });
  });

  test('of a proxy that found no server are no connection', async () => {
    expect(await answer(502, '<html>', 'text/html')).toBeInstanceOf(Unreachable);
  });

  test('that can’t be read still have their status', async () => {
    expect(await answer(403, '{')).toMatchObject({ status: 403, noRight: true });
  });
});

describe('requests', () => {
  function asked(answer: () => Promise<Response>) {
    const calls: { url: string; init: RequestInit }[] = [];
    const seen: boolean[] = [];
    const client = new Client({
      headers: () => ({ 'statehold-caller': 'ada' }),
      fetch: (url, init) => {
        calls.push({ url: String(url), init: init ?? {} });
        return answer();
      },
      onanswer: (there) => seen.push(there),
    });
    return { client, calls, seen };
  }
  const json = (body: unknown, status = 200) =>
    new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });

  test('escape names, and leave out what is not asked for', async () => {
    const { client, calls } = asked(async () => json({ instances: [], cursor: null }));
    await client.instances('a/b', { state: 'x.y', where: ['a=1', 'b=2'], owner: '', limit: 5 });
    expect(calls[0]?.url).toBe(
      './api/machines/a%2Fb/instances?state=x.y&where=a%3D1&where=b%3D2&limit=5',
    );
    expect(calls[0]?.init.headers).toMatchObject({ 'statehold-caller': 'ada' });
  });

  test('ask for lists that have what was written here', async () => {
    let now = 5000;
    const calls: { url: string; init: RequestInit }[] = [];
    const client = new Client({
      now: () => now,
      fetch: async (url, init) => {
        calls.push({ url: String(url), init: init ?? {} });
        return json({ instances: [], incidents: [], machines: [], cursor: null });
      },
    });
    const asked = () => new Headers(calls.at(-1)?.init.headers).get('statehold-max-lag');
    await client.instances('order', {});
    expect(asked()).toBeNull();
    await client.act('order', 'o-1', 'pause', {});
    now = 6234.9;
    await client.instances('order', {});
    // cut off, as the server compares
    expect(asked()).toBe('1.234');
    now = 8000;
    for (const list of [
      client.machines(),
      client.machine('order'),
      client.flows('order', '1h'),
      client.search('o', 5),
      client.incidents(),
    ]) {
      await list;
      expect(asked()).toBe('3.000');
    }
    await client.instances('order', {}, 7500);
    expect(asked()).toBe('0.500');
    await client.instance('order', 'o-1');
    expect(asked()).toBeNull();
  });

  test('say by when a list that is behind was complete', async () => {
    const stale: number[] = [];
    let lag: string | null = '1.500';
    const client = new Client({
      now: () => 5000,
      onstale: (by) => stale.push(by),
      fetch: async () =>
        new Response('{"instances": [], "cursor": null}', {
          headers: lag === null ? {} : { 'statehold-lag': lag },
        }),
    });
    await client.instances('order', {});
    lag = null;
    await client.instances('order', {});
    expect(stale).toEqual([3500]);
  });

  test('have a key under which they may be sent again', async () => {
    const { client, calls } = asked(async () => json({}));
    await client.send('order', 'o-1', { type: 'Accept' }, 'k1');
    expect(calls[0]?.init.headers).toMatchObject({ 'idempotency-key': 'k1' });
    expect(freshKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(freshKey()).not.toBe(freshKey());
  });

  test('keep the slashes of an incident’s id and nothing else', async () => {
    const { client, calls } = asked(async () => json({}));
    await client.settle('order/o 1/3.0', 'retry', { reason: 'fixed' });
    expect(calls[0]?.url).toBe('./api/incidents/order/o%201/3.0/retry');
  });

  test('that get no answer say so, and report it', async () => {
    const { client, seen } = asked(() => Promise.reject(new TypeError('failed')));
    await expect(client.machines()).rejects.toBeInstanceOf(Unreachable);
    expect(seen).toEqual([false]);
  });

  test('that are refused were answered', async () => {
    const { client, seen } = asked(async () => json({ title: 'No' }, 404));
    await expect(client.machines()).rejects.toMatchObject({ status: 404, message: 'No' });
    expect(seen).toEqual([true]);
  });
});

describe('a stream', () => {
  type Answer = Response | Error;

  /** Runs a stream against these answers, one for each connection, until it ends by itself. */
  async function run(answers: Answer[], after: string | null = null) {
    const states: StreamState[] = [];
    const events: string[] = [];
    const from: (string | undefined)[] = [];
    const opened: boolean[] = [];
    const waited: number[] = [];
    await new Promise<void>((done) => {
      const close = openStream({
        url: () => '/stream',
        headers: () => ({}),
        after,
        end: 'end',
        chance: () => 1,
        fetch: async (_url, init) => {
          from.push((init?.headers as Record<string, string>)['last-event-id']);
          const answer = answers.shift();
          if (answer === undefined || answer instanceof Error) throw answer ?? new Error('none');
          return answer;
        },
        wait: async (ms) => {
          waited.push(ms);
          if (answers.length === 0) {
            close();
            done();
          }
        },
        onevent: ({ data }) => events.push(data),
        onopen: (again) => opened.push(again),
        onanew: () => events.push('anew'),
        onstate: (state) => {
          states.push(state);
          if (state === 'ended') done();
        },
      });
    });
    return { states, events, from, opened, waited };
  }

  const body = (text: string) => new Response(text, { status: 200 });

  test('goes on after the last event that it gave', async () => {
    const seen = await run(
      [body('id: 4\ndata: a\n\n'), body('id: 5\ndata: b\n\nevent: end\ndata: {}\n\n')],
      '3',
    );
    expect(seen.events).toEqual(['a', 'b']);
    expect(seen.from).toEqual(['3', '4']);
    expect(seen.opened).toEqual([false, true]);
    expect(seen.states).toEqual(['connecting', 'open', 'lost', 'open', 'ended']);
  });

  test('waits longer each time, and as little as at first once it was open again', async () => {
    const seen = await run([new Error('away'), new Error('away'), body(''), new Error('away')]);
    expect(seen.waited).toEqual([FIRST_MS, FIRST_MS * 2, FIRST_MS, FIRST_MS * 2]);
  });

  test('that is refused for good ends', async () => {
    const seen = await run([new Response('', { status: 404 })]);
    expect(seen.states).toEqual(['connecting', 'ended']);
    expect(seen.waited).toEqual([]);
  });

  test('whose position the server does not have begins anew', async () => {
    const beyond = new Response(JSON.stringify({ type: 'urn:statehold:problem:beyond-end' }), {
      status: 409,
      headers: { 'content-type': 'application/problem+json' },
    });
    const seen = await run([beyond, body('id: 1\ndata: a\n\nevent: end\ndata: {}\n\n')], '3');
    expect(seen.from).toEqual(['3', undefined]);
    expect(seen.events).toEqual(['anew', 'a']);
    expect(seen.states).toEqual(['connecting', 'open', 'ended']);
  });

  test('that the server has no room for is tried again', async () => {
    const seen = await run([new Response('', { status: 503 }), body('event: end\ndata: {}\n\n')]);
    expect(seen.states).toEqual(['connecting', 'lost', 'open', 'ended']);
  });
});

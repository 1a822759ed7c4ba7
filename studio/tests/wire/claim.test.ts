import { describe, expect, test } from 'vitest';
import { claimHeaders } from '../../src/wire/claim';

describe('a claimed name', () => {
  const read = (header: string) =>
    new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(header, (one) => one.charCodeAt(0)),
    );

  test.each(['ada', 'José Müller', '张伟', '😀'])('%s is sent as the server reads it', (name) => {
    const { 'statehold-caller': caller, 'statehold-roles': roles } = claimHeaders({
      name,
      roles: `${name}, ops`,
    });
    expect(read(caller!)).toBe(name);
    expect(read(roles!)).toBe(`${name}, ops`);
    // what `fetch` refuses raises here
    expect(() => new Headers({ caller: caller!, roles: roles! })).not.toThrow();
  });

  test('has no line ends', () => {
    const [caller] = Object.values(claimHeaders({ name: 'ada\r\nx: y', roles: '' }));
    expect(caller).toBe('ada  x: y');
  });

  test('that is empty is not sent', () => {
    expect(claimHeaders({ name: '', roles: '' })).toEqual({});
  });
});

import { expect, test } from 'vitest';
import { completeBy, noteStale } from '../../src/app/state/stale';

test('a read is as old as its oldest answer', async () => {
  noteStale(1);
  const by = await completeBy(async () => {
    noteStale(30);
    noteStale(20);
    noteStale(40);
  });
  expect(by).toBe(20);
  expect(await completeBy(async () => undefined)).toBe(Infinity);
});

test('a read that failed is not noted any more', async () => {
  const failed = completeBy(async () => {
    throw new Error('away');
  });
  await expect(failed).rejects.toThrow('away');
  expect(await completeBy(async () => undefined)).toBe(Infinity);
});

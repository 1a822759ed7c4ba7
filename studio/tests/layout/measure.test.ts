import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FONTS, measure } from '../../src/layout/measure';

test('the advances are those of the font', { timeout: 30_000 }, () => {
  const script = fileURLToPath(new URL('../../scripts/metrics.js', import.meta.url));
  execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
});

test('text is as wide as its letters, and wider in a heavier weight', () => {
  expect(measure('', FONTS.state)).toBe(0);
  expect(measure('ab', FONTS.state)).toBeCloseTo(
    measure('a', FONTS.state) + measure('b', FONTS.state),
  );
  expect(measure('order', FONTS.group)).toBeGreaterThan(measure('order', FONTS.state));
});

test('letters that the font lacks are given room, and marks on letters none', () => {
  expect(measure('订', FONTS.text)).toBeGreaterThan(FONTS.text.size);
  expect(measure('😀', FONTS.text)).toBeGreaterThan(FONTS.text.size);
  expect(measure('ж', FONTS.text)).toBeGreaterThan(measure('a', FONTS.text));
  expect(measure('\u0940', FONTS.text)).toBe(0);
});

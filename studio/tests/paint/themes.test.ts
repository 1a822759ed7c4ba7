import { expect, test } from 'vitest';
import { THEMES } from '../../src/paint/themes';

/** Text, and what it may stand on. */
const PAIRS = [
  ['ink', ['node', 'group', 'group-even', 'group-active', 'ground', 'label', 'active']],
  ['ink2', ['node', 'group', 'group-even', 'group-active', 'label', 'active', 'pill']],
  ['ink3', ['node', 'group', 'group-even', 'group-active', 'label', 'active']],
  ['accent-ink', ['active', 'group', 'group-even', 'group-active']],
  ['guard', ['label', 'active']],
  ['time', ['label', 'active']],
  ['good', ['label', 'active']],
  ['bad', ['label', 'active']],
  // of badges
  ['ground', ['ink', 'good', 'guard', 'bad']],
] as const;

test.each(['light', 'dark'] as const)('all text can be read, %s', (theme) => {
  const colours: Record<string, string> = THEMES[theme];
  const weak = PAIRS.flatMap(([text, grounds]) =>
    grounds
      .map((ground) => [text, ground, contrast(colours[text]!, colours[ground]!)] as const)
      .filter(([, , ratio]) => ratio < 4.5),
  );
  expect(weak).toEqual([]);
});

test.each(['light', 'dark'] as const)('lines and what is lit can be seen, %s', (theme) => {
  const colours = THEMES[theme];
  for (const ground of ['ground', 'group', 'group-even', 'group-active'] as const) {
    expect(contrast(colours.edge, colours[ground])).toBeGreaterThan(3);
    expect(contrast(colours.accent, colours[ground])).toBeGreaterThan(3);
  }
});

/** As WCAG 2.1 has it. */
function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light! + 0.05) / (dark! + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((place) => {
    const value = parseInt(colour.slice(place, place + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

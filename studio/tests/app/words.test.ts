import { describe, expect, test } from 'vitest';
import { Tree } from '../../src/app/chart/tree';
import { delayWords, triggerWords } from '../../src/app/words/chart';
import { entryTitle, noteTitle, shortTimer } from '../../src/app/words/entry';
import { nextOf } from '../../src/app/words/next';
import { textOf } from '../../src/app/words/summary';
import {
  ago,
  countdown,
  elapsed,
  measured,
  shortSpan,
  span,
  urgency,
} from '../../src/app/words/time';
import type { JournalEntry } from '../../src/wire/types';
import { AT, ORDER, explanation, possible } from './charts';

const tree = new Tree(ORDER);
const MINUTE = 60_000;

function entry(kind: string, given: Partial<JournalEntry> = {}): JournalEntry {
  return {
    seq: 2,
    part: 0,
    at: new Date(AT).toISOString(),
    kind,
    version: 3,
    state: [],
    status: 'running',
    ...given,
  } as JournalEntry;
}

describe('times', () => {
  test.each([
    [-5, '0 s'],
    [999, '0 s'],
    [61_000, '1 min 1 s'],
    [60 * MINUTE, '1 h'],
    [60 * MINUTE + 3000, '1 h'],
    [25 * 60 * MINUTE, '1 d 1 h'],
  ])('%d ms are %s', (ms, words) => {
    expect(span(ms)).toBe(words);
  });

  test('in one unit they are shorter', () => {
    expect(shortSpan(61_000)).toBe('1 min');
    expect(ago(AT, AT + 61_000)).toBe('1 min ago');
    expect(ago(AT, AT + 10)).toBe('just now');
  });

  test.each([
    [61_000, 'in 1 min 1 s'],
    [200, 'due now'],
    [-200, 'due now'],
    [-5000, '5 s late'],
  ])('what is due %d ms from now is %s', (left, words) => {
    expect(countdown(AT + left, AT)).toBe(words);
  });

  test.each([
    [0.42, '420 ms'],
    [3.24, '3.2 s'],
    [250, '4 min 10 s'],
  ])('%d measured seconds are %s', (seconds, words) => {
    expect(measured(seconds)).toBe(words);
  });

  test('a deadline is near in its last quarter, and over from its moment on', () => {
    const due = AT + 100;
    expect(urgency(AT, null, AT)).toBe('none');
    expect(urgency(AT, due, AT + 74)).toBe('calm');
    expect(urgency(AT, due, AT + 75)).toBe('soon');
    expect(urgency(AT, due, AT + 100)).toBe('over');
  });

  test('what part of a time is over lies between none and all', () => {
    expect(elapsed(AT, AT + 100, AT + 25)).toBe(0.25);
    expect(elapsed(AT, AT + 100, AT - 1)).toBe(0);
    expect(elapsed(AT, AT, AT)).toBe(1);
  });
});

describe('charts', () => {
  test.each([
    [{ seconds: 600 }, '10 minutes'],
    [{ seconds: 3600 }, '1 hour'],
    [{ seconds: 90 }, '90 seconds'],
    [{ seconds: 0.5 }, '0.5 seconds'],
    [{ function: 'preparation_time' }, 'preparation_time'],
    [null, ''],
  ])('a delay of %o is %s', (delay, words) => {
    expect(delayWords(delay)).toBe(words);
  });

  test('a timer is told by its delay', () => {
    expect(triggerWords(tree, tree.transition('lapse')!)).toBe('after 10 minutes');
  });
});

describe('the journal', () => {
  test.each([
    [entry('start', { event: { type: 'Start' } }), 'started'],
    [entry('event', { event: { type: 'Accept' } }), 'Accept'],
    [entry('timer', { event: { timer: 'standard.lapse[a.b]' } }), 'timer lapse'],
    [entry('result', { event: { effect: 'offer' } }), 'offer done'],
    [entry('failure', { event: { effect: 'offer' } }), 'offer failed'],
    [entry('upgrade'), 'upgraded to 3'],
    [entry('cancel', { status: 'cancelled' }), 'cancelled'],
    [entry('cancel', { status: 'running' }), 'cancelled, cleans up'],
    [entry('strange'), 'strange'],
  ])('%# is told as %s', (given, title) => {
    expect(entryTitle(given)).toBe(title);
  });

  test('a note tells of whom it is', () => {
    const effects = [{ key: '1.0', name: 'offer', what: 'tried', attempt: 2 }];
    expect(noteTitle(entry('tried', { effects }))).toBe('offer attempt 2 failed');
    expect(noteTitle(entry('fire', { timers: { 'a.lapse': null } }))).toBe(
      'lapse fired by an operator',
    );
  });

  test('a timer without brackets keeps its name', () => {
    expect(shortTimer('cooked')).toBe('cooked');
  });
});

describe('what can happen next', () => {
  const told = explanation({
    next: [
      possible('accept', 'Accept', ['fulfilling'], { by: ['restaurant'] }),
      possible('lapse', null, ['cancelled'], { kind: 'after' }),
      possible('cancel', 'Cancel', ['cancelled'], { possible: false, stopped_by: ['too_late'] }),
    ],
  });

  test('is each event with where it leads and who may send it', () => {
    expect(nextOf(tree, told).events).toEqual([
      {
        event: 'Accept',
        name: 'Accept',
        by: ['restaurant'],
        ways: [
          {
            transition: 'accept',
            from: 'creating',
            leadsTo: 'fulfilling',
            only: ['open'],
            certain: true,
          },
        ],
      },
    ]);
  });

  test('is what comes by itself', () => {
    expect(nextOf(tree, told).itself).toEqual([
      { transition: 'lapse', kind: 'after', when: 'after 10 minutes', leadsTo: 'cancelled' },
    ]);
  });

  test('is nothing else, and each says why not', () => {
    expect(nextOf(tree, told).notNow).toEqual([
      { event: 'Packed', name: 'Packed', why: 'only from fulfilling / kitchen / cooking' },
      { event: 'Cancel', name: 'Cancel', why: 'stopped by too_late' },
    ]);
  });

  test('an event with two ways is one choice', () => {
    const both = explanation({
      next: [
        possible('a', 'Accept', ['fulfilling'], { possible: null }),
        possible('b', 'Accept', []),
      ],
    });
    const [choice] = nextOf(tree, both).events;
    expect(choice?.ways.map((way) => [way.leadsTo, way.certain])).toEqual([
      ['fulfilling', false],
      ['stays where it is', true],
    ]);
  });
});

describe('the summary', () => {
  test('counts its times on from the moment of the answer', () => {
    const at = new Date(AT).toISOString();
    expect(textOf({ text: 'review', kind: 'state' }, AT)).toBe('review');
    expect(textOf({ text: '0 seconds', kind: 'since', at }, AT + 61_000)).toBe('1 min 1 s');
    expect(textOf({ text: '2 minutes', kind: 'until', at }, AT - 60_000)).toBe('1 min');
    expect(textOf({ text: '2 minutes', kind: 'until', at }, AT + 5_000)).toBe('0 s');
  });
});

/** The server's sentences about an instance, with their times counted on. */
import type { SummaryPart } from '../../wire/types';
import { span } from './time';

/** The text of a part now: of `since` and `until`, the time from or to its moment. */
export function textOf(part: SummaryPart, now: number): string {
  if (part.at == null) return part.text;
  const at = Date.parse(part.at);
  return span(part.kind === 'until' ? at - now : now - at);
}

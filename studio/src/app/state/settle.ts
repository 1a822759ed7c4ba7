/** Settles incidents one after another, so that one refusal does not stop the others. */
import type { ActBody, Client, Settling } from '../../wire/client';
import type { Incident } from '../../wire/types';

export interface Failed {
  incident: Incident;
  error: Error;
}

/** What the server takes for incidents of a kind: an upgrade can't be skipped, only effects have results. */
export function permits(incident: Pick<Incident, 'kind'>, act: Settling): boolean {
  if (act === 'retry') return true;
  return act === 'skip' ? incident.kind !== 'upgrade' : incident.kind === 'effect';
}

/** Gives those that were refused. */
export async function settleAll(
  client: Pick<Client, 'settle'>,
  act: Settling,
  incidents: readonly Incident[],
  body: ActBody,
): Promise<Failed[]> {
  const failed: Failed[] = [];
  for (const incident of incidents) {
    try {
      await client.settle(incident.id, act, body);
    } catch (error) {
      failed.push({ incident, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  return failed;
}

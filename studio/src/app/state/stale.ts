/** How old the answers of a read were at most: lists and counts may come from a standby. */

/** Those that wait for answers, each with when its oldest answer was complete. */
const reads = new Set<{ by: number }>();

/** An answer came that has what was committed by then, and may lack what came later. */
export function noteStale(by: number): void {
  for (const read of reads) read.by = Math.min(read.by, by);
}

/**
 * Runs a read, and gives the moment by which all that came meanwhile was complete, by the client's
 * clock; Infinity: nothing of it was behind.
 */
export async function completeBy(run: () => Promise<void>): Promise<number> {
  const read = { by: Infinity };
  reads.add(read);
  try {
    await run();
  } finally {
    reads.delete(read);
  }
  return read.by;
}

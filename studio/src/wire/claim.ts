/** The caller's name and roles as a page claims them, of a server that believes what is claimed. */
export interface Claim {
  name: string;
  /** Separated by commas. */
  roles: string;
}

/** The headers that say it: `Statehold-Caller`, `Statehold-Roles`; without what is empty. */
export function claimHeaders(claim: Claim): Record<string, string> {
  return {
    ...(claim.name ? { 'statehold-caller': bytesOf(claim.name) } : {}),
    ...(claim.roles ? { 'statehold-roles': bytesOf(claim.roles) } : {}),
  };
}

/** UTF-8, a character for each byte: `fetch` sends characters up to U+00FF as bytes, and no others. */
function bytesOf(text: string): string {
  // what no header may have would make each request fail
  const shown = text.replace(/[\x00-\x1f\x7f]/g, ' ');
  return String.fromCharCode(...new TextEncoder().encode(shown));
}

/** Decimal numbers of any size, as people type them. */

/** `digits` times ten to the power of `exponent`. */
interface Decimal {
  digits: bigint;
  exponent: number;
}

const NUMBER = /^([+-]?)(\d+)?(?:\.(\d*))?(?:e([+-]?\d{1,9}))?$/i;

/** Digits that a number may come to when it is written out: beyond it, an exponent stays one. */
const DIGITS = 5000;

/** As JSON writes it, `+.5` as `0.5`; null for what is no number. */
export function jsonNumber(text: string): string | null {
  const found = NUMBER.exec(text);
  if (found === null || (!found[2] && !found[3])) return null;
  const [, sign, whole, part, exponent] = found;
  const digits = (whole ?? '').replace(/^0+(?=\d)/, '') || '0';
  const power = exponent === undefined ? '' : `e${exponent}`;
  return `${sign === '-' ? '-' : ''}${digits}${part ? `.${part}` : ''}${power}`;
}

/** The same without point and exponent, where it is whole; null where it is not. */
export function wholeNumber(text: string): string | null {
  const { digits, exponent } = decimalOf(text);
  if (digits === 0n) return '0';
  if (exponent >= 0) return exponent > DIGITS ? text : String(digits * 10n ** BigInt(exponent));
  if (-exponent > String(digits).length) return null;
  const unit = 10n ** BigInt(-exponent);
  return digits % unit === 0n ? String(digits / unit) : null;
}

/** Below zero, zero or above, as `a` is less than `b`, equal, or more; both as JSON writes them. */
export function compareNumbers(a: string, b: string): number {
  const [one, other] = [decimalOf(a), decimalOf(b)];
  const signs = sign(one.digits) - sign(other.digits);
  if (signs !== 0 || one.digits === 0n) return signs;
  // where they begin decides, unless it is the same place: then their digits can be lined up
  const sizes = size(one) - size(other);
  if (sizes !== 0) return sizes * sign(one.digits);
  const least = Math.min(one.exponent, other.exponent);
  return sign(scaled(one, least) - scaled(other, least));
}

function decimalOf(text: string): Decimal {
  const [, sign, whole = '', part = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const digits = BigInt(whole + part || '0');
  return { digits: sign === '-' ? -digits : digits, exponent: Number(exponent) - part.length };
}

function size(of: Decimal): number {
  return String(of.digits).replace('-', '').length + of.exponent;
}

function scaled(of: Decimal, exponent: number): bigint {
  return of.digits * 10n ** BigInt(of.exponent - exponent);
}

function sign(value: bigint): number {
  return value < 0n ? -1 : value > 0n ? 1 : 0;
}

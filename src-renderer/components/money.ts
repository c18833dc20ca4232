/**
 * Amounts in US dollars as a person reads them. Pure. Prices per hour keep the five decimals that providers give them,
 * without zeros at the end; everything else is in cents. What is not known is never shown as nothing.
 */

const space = '\u00a0';
/** Prices come in hundred-thousandths of a dollar: added as whole numbers, since 0.1 + 0.2 is not 0.3. */
const partsOfDollar = 100_000;

const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const fine = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 2,
  maximumFractionDigits: 5,
});

/** `formatUsd(12)` is "$12.00", a credit "-$3.00". What is more than nothing and less than a cent is "< $0.01". Null is a dash. */
export function formatUsd(usd: number | null): string {
  if (usd === null) return '–';
  if (usd > 0 && usd < 0.005) return `<${space}$0.01`;
  const text = cents.format(usd);
  return text === '-$0.00' ? '$0.00' : text;
}

/** A price for one hour, without "an hour": `formatHourlyUsd(0.01786)` is "$0.01786", and 0.5 is "$0.50". Null is a dash. */
export function formatHourlyUsd(usd: number | null): string {
  if (usd === null) return '–';
  if (usd > 0 && usd < 0.5 / partsOfDollar) return `<${space}$0.00001`;
  return fine.format(usd);
}

/** "$0.01786 an hour", or "price not known". */
export function formatPerHour(usd: number | null): string {
  return usd === null ? 'price not known' : `${formatHourlyUsd(usd)} an${space}hour`;
}

/** "$12.00 a month", or "price not known". */
export function formatPerMonth(usd: number | null): string {
  return usd === null ? 'price not known' : `${formatUsd(usd)} a${space}month`;
}

export interface UsdSum {
  readonly usd: number;
  /** Prices that are not known are in it: the sum is at least `usd`. */
  readonly isAtLeast: boolean;
}

/** Exact to a hundred-thousandth of a dollar. Null stands for a price that is not known. */
export function sumUsd(amounts: readonly (number | null)[]): UsdSum {
  let parts = 0;
  for (const amount of amounts) parts += Math.round((amount ?? 0) * partsOfDollar);
  return { usd: parts / partsOfDollar, isAtLeast: amounts.includes(null) };
}

/** "$7.20 a month", "at least $7.20 a month", and "price not known" where no price is. */
export function formatSumPerMonth({ usd, isAtLeast }: UsdSum): string {
  if (isAtLeast && usd === 0) return formatPerMonth(null);
  return `${isAtLeast ? 'at least ' : ''}${formatPerMonth(usd)}`;
}

/** Scores and their changes in words. Pure. */

/** `3.75`; a dash where there is none. */
export function score(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toLocaleString('en', { maximumFractionDigits: 2 });
}

/** `+0.4`, `−0.2`, `±0`: the sign says it to those who see no colour. */
export function changeWords(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  const rounded = Math.round(value * 100) / 100;
  if (rounded === 0) return '±0';
  return `${rounded > 0 ? '+' : '−'}${score(Math.abs(rounded))}`;
}

export type Each = 'week' | 'month' | 'quarter';

/** What begins with a day: `Oct 5, 2026` (a week), `Oct 2026`, `Q4 2026`. */
export function periodName(from: string, each: Each): string {
  const date = new Date(`${from}T00:00:00Z`);
  switch (each) {
    case 'week':
      return date.toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
    case 'month':
      return date.toLocaleDateString('en', { month: 'short', year: 'numeric', timeZone: 'UTC' });
    case 'quarter':
      return `Q${Math.floor(date.getUTCMonth() / 3) + 1} ${date.getUTCFullYear()}`;
  }
}

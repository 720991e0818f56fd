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

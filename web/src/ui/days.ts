/** Days as `2026-11-30`. Pure. */

/** The day in a text, when it is one: addresses are written by hand too. */
export function dayIn(text: string | undefined): string | undefined {
  if (!text || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : undefined;
}

/** What is wrong with a day that was typed; nothing where none was. */
export function dayFault(day: string, min: string | undefined, max: string | undefined): string | null {
  if (day === '') return null;
  // Years are typed digit by digit: 0202 is on the way to 2026.
  if (!dayIn(day) || day < '1900') return 'This is no day.';
  if (min && day < min) return `Not before ${min}.`;
  if (max && day > max) return `Not after ${max}.`;
  return null;
}

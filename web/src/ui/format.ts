/** Numbers, money, sizes and times in words. */

export function number(value: number): string {
  return value.toLocaleString('en');
}

/** Money that is small stays visible: $0.0042, not $0.00. */
export function dollars(value: number): string {
  const size = Math.abs(value);
  if (size > 0 && size < 0.0001) return `$${value.toLocaleString('en', { maximumSignificantDigits: 2, maximumFractionDigits: 9 })}`;
  return `$${value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: size > 0 && size < 1 ? 4 : 2 })}`;
}

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let rest = value;
  let unit = 0;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return `${rest.toLocaleString('en', { maximumFractionDigits: rest < 10 && unit > 0 ? 1 : 0 })} ${units[unit]}`;
}

/** `1.2 s`, `3 min 20 s`, `2 d 4 h`. */
export function span(ms: number): string {
  if (ms > 0 && ms < 1) return '< 1 ms';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s < 10 ? s.toFixed(1) : Math.round(s)} s`;
  const steps: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  let rest = Math.round(s);
  const parts: string[] = [];
  for (const [size, unit] of steps) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return parts.slice(0, 2).join(' ');
}

/** `just now`, `5 min ago`, `in 3 h`, and a date when it is longer than a week away. */
export function ago(at: string, now: number): string {
  const ms = now - Date.parse(at);
  if (Number.isNaN(ms)) return at;
  const away = Math.abs(ms);
  if (away < 10_000) return 'just now';
  if (away > 7 * 86_400_000) return new Date(at).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });
  const text = span(Math.floor(away / 1000) * 1000).split(' ').slice(0, 2).join(' ');
  return ms >= 0 ? `${text} ago` : `in ${text}`;
}

export function moment(at: string): string {
  return new Date(at).toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium' });
}

/** `English`, `Nederlands`: a language as its own people call it. */
export function languageName(code: string): string {
  try {
    const name = new Intl.DisplayNames([code], { type: 'language' }).of(code);
    return name ? name.charAt(0).toUpperCase() + name.slice(1) : code;
  } catch {
    return code;
  }
}

/** The report as CSV. A cell that a spreadsheet would run as a formula is made harmless. */
import type { ReportLine } from '../../api/types';

const HEAD = ['row', 'level', 'column', 'code', 'message'] as const;

export function toCsv(report: ReportLine[]): string {
  const lines = report.map((it) => HEAD.map((name) => cell(it[name] ?? '')).join(','));
  return `\uFEFF${[HEAD.join(','), ...lines].join('\r\n')}\r\n`;
}

function cell(value: string | number): string {
  const text = String(value);
  const harmless = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replace(/"/g, '""')}"` : harmless;
}

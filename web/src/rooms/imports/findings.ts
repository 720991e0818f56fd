/** What a list that was read in left behind: the counts of its rows and what was found in them. */
import type { Json, JsonObject, ReportLine, RowCounts } from '../../api/types';

export interface Findings {
  rows: RowCounts;
  report: ReportLine[];
}

/** Those in the result of a job; null when it read no list. */
export function findingsIn(result: JsonObject): Findings | null {
  const { rows, report } = result;
  if (!isObject(rows) || !Array.isArray(report)) return null;
  return {
    rows: { read: countIn(rows.read), kept: countIn(rows.kept), skipped: countIn(rows.skipped), warned: countIn(rows.warned) },
    report: report.filter(isObject).map(lineOf),
  };
}

function lineOf({ row, column, level, code, message }: JsonObject): ReportLine {
  return {
    ...(typeof row === 'number' ? { row } : {}),
    ...(typeof column === 'string' ? { column } : {}),
    level: level === 'error' ? 'error' : 'warning',
    code: textIn(code),
    message: textIn(message),
  };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function countIn(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0;
}

function textIn(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

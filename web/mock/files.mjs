// Files as they are uploaded: multipart apart, CSV into rows, rows recognised by the description.

import { refuse } from './problem.mjs';

export async function formOf(request, body) {
  const form = await new Response(body, { headers: { 'content-type': request.headers['content-type'] } }).formData();
  const file = form.get('file');
  const fields = Object.fromEntries([...form].filter(([name]) => name !== 'file'));
  return { file: file && { name: file.name, text: await file.text() }, fields };
}

export function understand(collection, file) {
  if (!/\.(csv|json|jsonl|xls|xlsx)$/i.test(file.name)) refuse('invalid_file_type', 'This kind of file is not read', { detail: `${file.name} is none of csv, xls, xlsx, json, jsonl.` });
  const [headers = [], ...lines] = csv(file.text);
  if (headers.length < 2) refuse('invalid_file', 'The file could not be read as a table', { detail: 'The first line has a single column.', hint: 'Is another separator used?' });
  const claims = collection.import.columns;
  const columns = headers.map((header, index) => {
    const plain = header.toLowerCase().replace(/_/g, ' ').trim();
    const field = Object.keys(claims).find((it) => claims[it].includes(plain)) ?? null;
    return { header, field, sample: lines.slice(0, 5).map((it) => it[index] ?? '') };
  });
  const required = Object.keys(claims)[0];
  const at = columns.findIndex((it) => it.field === required);
  if (at < 0) refuse('invalid_file', 'A column is missing', { detail: `No column means ${required}.`, hint: `Name it one of: ${claims[required].join(', ')}.` });
  const report = [];
  const seen = new Set();
  const kept = lines.filter((line, index) => {
    const row = index + 2;
    const label = (line[at] ?? '').trim();
    if (!label) report.push({ row, column: headers[at], level: 'error', code: 'required_empty', message: 'The name is empty, so the row is skipped.' });
    else if (line.length !== headers.length) report.push({ row, level: 'error', code: 'column_count', message: `There are ${line.length} cells where ${headers.length} are expected, so the row is skipped.` });
    else {
      if (label.startsWith('=')) report.push({ row, column: headers[at], level: 'warning', code: 'formula', message: 'It looks like a formula and is kept as text.' });
      if (seen.has(label)) report.push({ row, column: headers[at], level: 'warning', code: 'repeated', message: `“${label}” is there a second time.` });
      seen.add(label);
      return true;
    }
    return false;
  });
  const warned = new Set(report.filter((it) => it.level === 'warning').map((it) => it.row)).size;
  return { columns, kept, rows: { read: lines.length, kept: kept.length, skipped: lines.length - kept.length, warned }, report };
}

/** A line of the file as the data of a record. */
export function dataOf(columns, line) {
  const data = {};
  columns.forEach(({ header, field }, index) => {
    const path = (field ?? `attributes.${header.toLowerCase()}`).split('.');
    const last = path.pop();
    let here = data;
    for (const part of path) here = here[part] ??= {};
    here[last] = line[index];
  });
  return data;
}

function csv(text) {
  const rows = [];
  let row = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (quoted) {
      if (letter === '"' && text[at + 1] === '"') cell += text[++at];
      else if (letter === '"') quoted = false;
      else cell += letter;
    } else if (letter === '"') quoted = true;
    else if (letter === ',') {
      row.push(cell);
      cell = '';
    } else if (letter === '\n') {
      row.push(cell.replace(/\r$/, ''));
      if (row.some(Boolean)) rows.push(row);
      row = [];
      cell = '';
    } else cell += letter;
  }
  row.push(cell);
  if (row.some(Boolean)) rows.push(row);
  return rows;
}

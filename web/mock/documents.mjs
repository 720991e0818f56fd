// Documents that go through their states, a search that looks for words, texts whose places count as Unicode does.

import { randomUUID } from 'node:crypto';

import { start } from './jobs.mjs';
import { refuse } from './problem.mjs';

const KINDS = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  html: 'text/html',
  md: 'text/markdown',
  txt: 'text/plain',
  json: 'application/json',
  csv: 'text/csv',
};
const TICK_MS = 350;
/** What another attempt at the same file cannot change. */
const WITHOUT_TEXT = ['image_only', 'encrypted', 'empty'];
const REASONS = {
  image_only: 'Its 4 pages are pictures without text. Have the text recognised (OCR) and put it in again.',
  encrypted: 'It is locked with a password. Save it without one and put it in again.',
  extraction_unavailable: 'The process that reads files could not be started. It may work later.',
};

const letters = (text) => Array.from(text).length;

/** Pages of text become one text and where each page lies in it. */
function textOf(pages) {
  let content = '';
  const places = pages.map((text, index) => {
    const start_char = letters(content);
    content += `${text}${index < pages.length - 1 ? '\n\n' : ''}`;
    return { page: index + 1, start_char, end_char: start_char + letters(text) };
  });
  return { content, pages: places };
}

const VALVES = [
  'Ball valves 🔧 — fitting and care\n\nThis manual is for those who fit ball valves into pipes of brass, steel and PE-X, from 15 to 200 mm. Read it before the pipe is cut.',
  'Before fitting\n\nShut the water off and let the pressure out. A valve is fitted half open: a ball that is closed while the thread is tightened can score its seat.\n\nThe thread is sealed with tape or with hemp, never with both.',
  '',
  'Tightening\n\nHold the valve at the hexagon next to the pipe. A 15 mm valve wants 30 Nm, one of 50 mm wants 90 Nm. A seat that was tightened too far drips, and nothing but a new valve helps.',
  'Care\n\nTurn each valve once a year. One that stands still for years grows fast: then warm it with a towel and hot water, and do not use a longer lever.',
];

/** Long enough to be read in blocks. */
function handbook() {
  const parts = ['The stock is counted on the last Friday of the month.', 'What is sold by length is measured again when less than two metres are left.', 'A pallet that was opened goes to the front.', 'Gaskets are kept dark and cool; rubber that saw the sun is given away.', 'Returns are looked at by two people.'];
  return Array.from({ length: 48 }, (_, page) => `Chapter ${page + 1}\n\n${Array.from({ length: 34 }, (_, line) => parts[(page + line) % parts.length]).join(' ')}`);
}

export function documentsOf(world) {
  if (!Object.values(world.app.assistants).some((it) => it.documents)) return [];
  const tenant = world.tenants[0]?.id ?? 'default';
  const make = (fields, text) => made(world, { tenant, owner: 'usr_0', ...fields }, text);
  const ready = (fields, pages, more) => finished(make(fields, textOf(pages)), more);
  return [
    ready({ title: 'Ball valves: fitting and care', file_name: 'ball-valves.pdf', kind: 'pdf', size_bytes: 1_840_233, shared: true, tags: ['manuals', 'valves'], summary: 'How ball valves from 15 to 200 mm are fitted, tightened and cared for.', metadata: { issue: '2026-03', author: 'Workshop' }, ago: 40 }, VALVES, { pages_without_text: [3], warnings: [{ code: 'pages_without_text', message: '1 of its pages has no text: a picture, perhaps.' }] }),
    ready({ title: 'Handbook of the store', file_name: 'handbook.docx', kind: 'docx', size_bytes: 402_118, shared: true, tags: ['house'], ago: 30 }, handbook()),
    ready({ title: 'Terms of Hafen & Söhne', origin: 'text', kind: 'md', size_bytes: 2_410, owner: 'usr_1', tags: ['suppliers'], ago: 12 }, ['Deliveries leave on Tuesdays. Orders of less than 200 € pay for the way. What is damaged is taken back for 14 days.']),
    ready({ title: 'Pipe sizes explained', origin: 'page', url: 'https://pipes.example/sizes', kind: 'html', size_bytes: 38_220, shared: true, tags: ['web'], ago: 6 }, ['A pipe of “half an inch” has an outer diameter of 21.3 mm: the name comes from the width inside of pipes that are not made any more.']),
    failed(make({ title: 'Price list 1998 (scan)', file_name: 'scan-1998.pdf', kind: 'pdf', size_bytes: 4_100_030, ago: 5 }), 'image_only'),
    failed(make({ title: 'Contract', file_name: 'contract-locked.pdf', kind: 'pdf', size_bytes: 210_004, owner: 'usr_1', ago: 4 }), 'encrypted'),
    failed(make({ title: 'Gaskets', file_name: 'gaskets.xlsx', kind: 'xlsx', size_bytes: 88_400, tags: ['manuals'], ago: 1 }, textOf(['EPDM holds to 130 °C, NBR to 90 °C.'])), 'extraction_unavailable'),
  ];
}

function made(world, { tenant, owner, ago = 0, ...fields }, text = null) {
  const at = world.now(ago * 24 * 3_600_000);
  const id = randomUUID();
  const kind = fields.kind ?? 'txt';
  return {
    tenant,
    text,
    view: { id, title: 'Document', summary: null, metadata: {}, tags: [], origin: 'upload', url: null, file_name: null, kind, media_type: KINDS[kind], size_bytes: 0, owner, chat: null, shared: false, state: 'pending', reason: null, progress: 0, verdict: null, pages: 0, chars: 0, chunks: 0, chunks_deduped: 0, vectors: 0, vectors_reused: 0, model: null, dimensions: null, job: randomUUID(), created_at: at, updated_at: at, ...fields },
  };
}

function finished(document, more = {}) {
  const { view, text } = document;
  const hasPages = view.kind === 'pdf' || view.kind === 'docx';
  if (!hasPages) text.pages = [];
  const chars = letters(text.content);
  const pages = text.pages.length;
  Object.assign(view, { state: 'ready', reason: null, progress: 100, pages, chars, chunks: Math.ceil(chars / 1200), verdict: { kind: 'text', pages, chars, chars_per_page: pages ? Math.round((chars / pages) * 10) / 10 : chars, ...more } });
  return document;
}

function failed(document, code) {
  const { view } = document;
  const looked = code === 'image_only' || code === 'encrypted';
  Object.assign(view, { state: 'failed', progress: 0, reason: { code, message: REASONS[code] }, verdict: looked ? { kind: code, pages: code === 'image_only' ? 4 : 0, chars: 0, chars_per_page: 0 } : null });
  return document;
}

/** Has it go through its states, to whatever its name promises. */
function work(world, document) {
  const { view } = document;
  const steps = [
    () => Object.assign(view, { state: 'extracting', progress: 5 }),
    () => {
      if (/scan/.test(view.file_name ?? '')) return failed(document, 'image_only');
      if (/locked/.test(view.file_name ?? '')) return failed(document, 'encrypted');
      return Object.assign(view, { state: 'embedding', progress: 20, chunks: 8 });
    },
    () => Object.assign(view, { progress: 57, vectors: 4 }),
    () => Object.assign(view, { vectors: 0 }) && finished(document),
  ];
  const timer = setInterval(() => {
    const step = steps.shift();
    if (!step || view.state === 'failed') return clearInterval(timer);
    step();
    view.updated_at = world.now();
    return undefined;
  }, TICK_MS);
  timer.unref();
}

function taken(world, caller, said, fields, text) {
  const tenant = caller.tenant ?? said.tenant ?? world.tenants[0]?.id ?? 'default';
  const tags = [said.tags ?? []].flat().flatMap((it) => String(it).split(',')).map((it) => it.trim()).filter(Boolean);
  const document = made(world, { tenant, owner: caller.id, summary: said.summary ?? null, chat: said.chat ?? null, shared: String(said.shared) === 'true', tags: [...new Set(tags)].sort(), ...fields }, text);
  world.documents.unshift(document);
  work(world, document);
  return document;
}

async function formOf(request, raw) {
  const form = await new Response(raw, { headers: { 'content-type': request.headers['content-type'] } }).formData();
  const file = form.get('file') ?? refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/file', message: 'is missing' }] });
  return { file, said: { tenant: form.get('tenant'), title: form.get('title'), summary: form.get('summary'), chat: form.get('chat'), shared: form.get('shared'), tags: form.getAll('tags') } };
}

async function uploaded(world, { caller, request, raw }) {
  const { file, said } = await formOf(request, raw);
  const kind = file.name.split('.').at(-1).toLowerCase();
  if (!KINDS[kind]) refuse('invalid_file_type', 'The file is of another kind', { detail: `The file is a picture; taken are: ${Object.keys(KINDS).join(', ')}.` });
  if (file.size === 0) refuse('invalid_file', 'The file is empty');
  const { bytes_max } = world.app.uploads;
  if (file.size > bytes_max) refuse('file_too_large', 'The file is too large', { detail: `The file has ${file.size} bytes; at most ${bytes_max} are taken.` });
  const same = world.documents.find((it) => it.view.file_name === file.name && it.view.size_bytes === file.size && sees(it, caller));
  const words = kind === 'pdf' || kind === 'docx' ? VALVES : [(await file.text()).slice(0, 100_000)];
  const document = taken(world, caller, said, { title: said.title || file.name.replace(/\.[^.]+$/, ''), file_name: file.name, kind, size_bytes: file.size }, textOf(words));
  return { ...document.view, same_as: same?.view.id ?? null, existed: false };
}

const sees = (document, caller) => (!caller.tenant || document.tenant === caller.tenant) && ((caller.role === 'admin' && !document.view.chat) || document.view.owner === caller.id || (document.view.shared && !document.view.chat));

function documentOf(world, id, caller) {
  return world.documents.find((it) => it.view.id === id && sees(it, caller)) ?? refuse('document_not_found', 'There is no such document', { detail: `Document ${id} does not exist.` });
}

function own(world, id, caller) {
  const document = documentOf(world, id, caller);
  if (caller.role !== 'admin' && document.view.owner !== caller.id) refuse('forbidden', 'It is another’s', { detail: 'The document is another’s; only its owner changes it.' });
  return document;
}

/** The sentences in which a word of the question occurs, with their places. */
export function passagesIn({ view, text }, words) {
  const passages = [];
  for (const found of text.content.matchAll(/[^.\n]+\.?/g)) {
    const lower = found[0].toLowerCase();
    const hits = words.filter((it) => lower.includes(it)).length;
    if (hits === 0) continue;
    const trimmed = found[0].trimStart();
    const start_char = letters(text.content.slice(0, found.index + found[0].length - trimmed.length));
    passages.push({ chunk: view.id.replace(/^.{8}/, String(passages.length).padStart(8, '0')), page: text.pages.findLast((it) => it.start_char <= start_char)?.page ?? null, start_char, end_char: start_char + letters(trimmed), text: trimmed, score: Math.round((hits / words.length) * 100) / 100, semantic: null, lexical: hits });
  }
  return passages.sort((a, b) => b.score - a.score).slice(0, 6);
}

export const documentRoutes = {
  'GET /api/documents': (world, { query, caller }) => {
    const tenant = caller.tenant ?? query.tenant;
    const rows = world.documents.filter((it) => sees(it, caller) && (!tenant || it.tenant === tenant) && (!query.state || it.view.state === query.state) && (!query.tag || it.view.tags.includes(query.tag)) && (!query.chat || it.view.chat === query.chat) && (query.unbound !== 'true' || !it.view.chat)).map((it) => it.view);
    const from = query.cursor ? Number(query.cursor) : 0;
    const to = from + Number(query.limit ?? 50);
    return { items: rows.slice(from, to), next_cursor: to < rows.length ? String(to) : null, prev_cursor: null, ...(query.count === 'true' ? { total: rows.length } : {}) };
  },
  'POST /api/documents': (world, input) => {
    if (input.isForm) return uploaded(world, input);
    const { body, caller } = input;
    if (!body?.content?.trim()) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/file', message: 'is missing' }] });
    const title = body.title ?? body.content.trim().split('\n')[0].slice(0, 80);
    return { ...taken(world, caller, body, { title, origin: 'text', kind: 'md', size_bytes: Buffer.byteLength(body.content) }, textOf([body.content])).view, same_as: null, existed: false };
  },
  'POST /api/documents/page': (world, { body, caller }) => {
    const url = /^https?:/.test(body.url) ? body.url : `https://${body.url}`;
    if (/localhost|127\.|\.local/.test(url)) refuse('page_refused', 'The page is not fetched', { detail: 'The address leads into a private network.', errors: [{ field: '/url', message: 'leads into a private network' }] });
    const there = world.documents.find((it) => it.view.url === url && sees(it, caller));
    if (there) return { ...there.view, same_as: null, existed: true };
    return { ...taken(world, caller, body, { title: body.title ?? `Page at ${new URL(url).host}`, origin: 'page', url, kind: 'html', size_bytes: 20_114 }, textOf(['What stands on this page was fetched a moment ago.'])).view, same_as: null, existed: false };
  },
  'POST /api/documents/site': (world, { body, caller }) => {
    const url = /^https?:/.test(body.url) ? body.url : `https://${body.url}`;
    const count = Math.min(body.max_pages ?? 10, 4);
    const job = start(world, {
      kind: 'knowledge.site',
      engine_kind: 'knowledge.site',
      tenant: caller.tenant ?? body.tenant ?? world.tenants[0]?.id ?? 'default',
      subject: null,
      steps: Array.from({ length: count }, (_, index) => `Fetched ${index + 1} pages`),
      finish: () => {
        const pages = Array.from({ length: body.combine ? 1 : count }, (_, index) => taken(world, caller, body, { title: body.combine ? (body.title ?? 'The whole site') : `Page ${index + 1} of ${new URL(url).host}`, origin: 'site', url: body.combine ? url : `${url}/${index + 1}`, kind: body.combine ? 'md' : 'html', size_bytes: 9_800 }, textOf([`This is page ${index + 1}.`])));
        return { pages: count, documents: pages.map((it) => it.view.id), faults: [{ url: `${url}/gone`, code: 'page_unreachable', message: 'the page cannot be had: it was answered with 404' }] };
      },
    });
    return { job: job.id, state: 'pending', message: 'The pages are fetched one after the other; the job tells how far it is.' };
  },
  'POST /api/documents/search': (world, { body, caller }) => {
    if (!body.query?.trim()) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/query', message: 'must not be empty' }] });
    const words = body.query.toLowerCase().split(/\s+/).filter((it) => it.length > 2);
    const tenant = caller.tenant ?? body.tenant;
    const results = world.documents
      .filter((it) => it.view.state === 'ready' && sees(it, caller) && (!tenant || it.tenant === tenant) && (!it.view.chat || it.view.chat === body.chat) && (!body.tags?.length || body.tags.some((tag) => it.view.tags.includes(tag))))
      .map((it) => ({ it, passages: passagesIn(it, words) }))
      .filter(({ passages }) => passages.length > 0)
      .map(({ it: { view }, passages }) => ({ document: { id: view.id, title: view.title, url: view.url }, score: passages[0].score, semantic: null, lexical: passages[0].lexical, page: passages[0].page, excerpt: passages[0].text, passages: body.passages === false ? [] : passages }))
      .sort((a, b) => b.score - a.score)
      .slice(0, body.limit ?? 10);
    const wantsMeaning = (body.mode ?? 'hybrid') !== 'lexical';
    const hasModel = world.app.model.embed !== null;
    return { results, result_count: results.length, engine: 'builtin', mode: wantsMeaning && hasModel ? (body.mode ?? 'hybrid') : 'lexical', model: wantsMeaning ? world.app.model.embed : null, degraded: wantsMeaning && !hasModel ? 'No model for embeddings is set up, so documents are found by their words only.' : null };
  },
  'GET /api/documents/{document}': (world, { params, caller }) => documentOf(world, params.document, caller).view,
  'PATCH /api/documents/{document}': (world, { params, body, caller }) => {
    const { view } = own(world, params.document, caller);
    if (body.title !== undefined && !body.title?.trim()) refuse('invalid_input', 'Some fields are not right', { errors: [{ field: '/title', message: 'must not be empty' }] });
    return Object.assign(view, body, body.summary === undefined ? {} : { summary: body.summary || null }, { updated_at: world.now() });
  },
  'DELETE /api/documents/{document}': (world, { params, caller }) => {
    const document = own(world, params.document, caller);
    world.documents = world.documents.filter((it) => it !== document);
  },
  'GET /api/documents/{document}/content': (world, { params, query, caller }) => {
    const { view, text } = documentOf(world, params.document, caller);
    const all = view.chars > 0 && text ? Array.from(text.content) : [];
    const to = Math.min(all.length, Number(query.to_char ?? all.length));
    const from = Math.min(to, Number(query.from_char ?? 0));
    return { id: view.id, title: view.title, state: view.state, content: all.slice(from, to).join(''), from_char: from, to_char: to, chars: all.length, pages: all.length > 0 ? text.pages : [] };
  },
  'GET /api/documents/{document}/file': (world, { params, caller }) => {
    const { view, text } = documentOf(world, params.document, caller);
    return { file: view.file_name ?? `${view.id}.${view.kind}`, text: text?.content ?? '' };
  },
  'POST /api/documents/{document}/resume': (world, { params, caller }) => {
    const document = own(world, params.document, caller);
    if (document.view.state !== 'failed') refuse('document_state', 'It is not in a state for this', { detail: `The document is ${document.view.state}; only a failed one goes on.` });
    if (WITHOUT_TEXT.includes(document.view.reason.code)) refuse('document_state', 'It is not in a state for this', { detail: `Document ${document.view.id} cannot go on. ${document.view.reason.message}` });
    Object.assign(document.view, { state: 'pending', progress: 0, reason: null });
    work(world, document);
    return document.view;
  },
  'POST /api/documents/{document}/summary': (world, { params, caller }) => {
    const { view, text } = own(world, params.document, caller);
    if (view.chars === 0) refuse('document_state', 'The document has no text yet');
    if (view.origin === 'text') refuse('model_unavailable', 'No model can be asked', { detail: 'No model is set up for this.', hint: 'Name one in the settings of models.' });
    return Object.assign(view, { summary: `In short: ${text.content.replace(/\s+/g, ' ').slice(0, 160)}…`, updated_at: world.now() });
  },
};

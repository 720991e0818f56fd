/** What accepting a proposal would do, as differences of fields. Pure. */
import { textOf } from '../../api/description';
import type { Json, JsonObject, ProposalView } from '../../api/types';
import type { ValueChange } from '../../ui/diff';

export type Effect =
  | { kind: 'set'; changes: ValueChange[] }
  | { kind: 'add'; changes: ValueChange[] }
  | { kind: 'remove' }
  /** Words only: nothing changes by itself. */
  | { kind: 'advice'; text: string | null };

export function effectOf({ change, subject, record }: Pick<ProposalView, 'change' | 'subject' | 'record'>): Effect {
  const suggested = change?.suggested;
  if (!isObject(suggested)) return { kind: 'advice', text: suggested === undefined || suggested === null ? null : textOf(suggested) };
  if (suggested.remove === true) return { kind: 'remove' };
  if (!record) return isObject(suggested.add) ? { kind: 'add', changes: fields(suggested.add, {}) } : { kind: 'advice', text: null };
  const current = isObject(change?.current) ? change.current : (subject?.data ?? {});
  return { kind: 'set', changes: fields(suggested, current) };
}

/** Only what is suggested counts: a field that is not named stays as it is. */
function fields(suggested: JsonObject, current: JsonObject, path = ''): ValueChange[] {
  return Object.entries(suggested).flatMap(([name, after]) => {
    const before = current[name] ?? fromDots(current, name);
    const field = path ? `${path}.${name}` : name;
    if (isObject(after)) return fields(after, isObject(before) ? before : {}, field);
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ field, before, after }];
  });
}

function fromDots(data: JsonObject, path: string): Json | undefined {
  return path.split('.').reduce<Json | undefined>((here, part) => (isObject(here) ? here[part] : undefined), data);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

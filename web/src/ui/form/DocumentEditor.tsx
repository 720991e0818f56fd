/** A field that holds a document with a schema of its own: as a form, as raw JSON, and beside an example. */
import { useMemo, useState } from 'react';

import { readable } from '../../api/description';
import type { Json, JsonObject, Schema } from '../../api/types';
import { Button } from '../Button';
import { JsonText } from '../CodeText';
import { Note } from '../Note';
import { Tabs } from '../Tabs';
import { check, type SchemaFault } from './check';
import { cleaned } from './plan';
import { ObjectFields, type SchemaFieldProps } from './SchemaField';

export function DocumentEditor({ document, name, schema, value, onChange, pointer, faults, required, disabled }: SchemaFieldProps & { document: Schema }) {
  const [tab, setTab] = useState<'form' | 'json' | 'example'>('form');
  const label = schema.title ?? document.title ?? readable(name);
  const example = document.examples?.[0];
  const data: JsonObject = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const found = useMemo(() => check(document, cleaned(document, value ?? {}), pointer), [document, value, pointer]);

  return (
    <fieldset className="fieldset">
      <legend>
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </legend>
      <Tabs
        label={label}
        value={tab}
        onChange={setTab}
        items={[{ id: 'form', label: 'Form' }, { id: 'json', label: 'JSON' }, ...(example ? [{ id: 'example' as const, label: 'Example' }] : [])]}
      >
        {tab === 'form' && (
          <>
            {faults[pointer] && <p className="field__fault">{faults[pointer]}</p>}
            <ObjectFields name={name} schema={document} value={data} onChange={onChange} required={required} pointer={pointer} faults={faults} disabled={disabled} />
          </>
        )}
        {tab === 'json' && <RawJson label={label} value={value} onChange={onChange} faults={[...found, ...listed(faults, found)]} pointer={pointer} disabled={disabled} />}
        {tab === 'example' && (
          <div className="stack">
            <JsonText value={example} label={`Example of ${label}`} />
            {!disabled && (
              <div>
                <Button
                  icon="copy"
                  onClick={() => {
                    onChange(example);
                    setTab('form');
                  }}
                >
                  Start from this example
                </Button>
              </div>
            )}
          </div>
        )}
      </Tabs>
    </fieldset>
  );
}

function RawJson({ label, value, onChange, faults, pointer, disabled }: { label: string; value: Json | undefined; onChange: (value: Json | undefined) => void; faults: SchemaFault[]; pointer: string; disabled?: boolean }) {
  const [text, setText] = useState(() => JSON.stringify(value ?? {}, null, 2));
  const [broken, setBroken] = useState('');
  return (
    <div className="stack">
      <textarea
        className="input mono"
        aria-label={`${label} as JSON`}
        aria-invalid={broken || faults.length > 0 ? true : undefined}
        spellCheck={false}
        disabled={disabled}
        rows={18}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          try {
            onChange(JSON.parse(event.target.value) as Json);
            setBroken('');
          } catch (thrown) {
            setBroken(thrown instanceof Error ? thrown.message : String(thrown));
          }
        }}
      />
      {broken ? (
        <Note tone="warn">This is not JSON yet, so the form keeps what it had: {broken}</Note>
      ) : faults.length > 0 ? (
        <Note tone="bad">
          <ul>
            {faults.map((it) => (
              <li key={it.pointer + it.message}>
                <code>{it.pointer.slice(pointer.length) || '/'}</code> {it.message}
              </li>
            ))}
          </ul>
        </Note>
      ) : (
        <Note tone="good">The document fits its schema.</Note>
      )}
    </div>
  );
}

/** Faults the server named that our own check does not know. */
function listed(faults: Record<string, string>, found: SchemaFault[]): SchemaFault[] {
  return Object.entries(faults)
    .filter(([pointer]) => !found.some((it) => it.pointer === pointer))
    .map(([pointer, message]) => ({ pointer, message }));
}

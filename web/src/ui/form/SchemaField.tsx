/** One field of a form, drawn from its schema. Objects and lists draw the fields inside them the same way. */
import { createContext, type ReactNode, useContext, useId, useState } from 'react';

import { choicesOf, readable, textOf, typesOf } from '../../api/description';
import type { Json, JsonObject, Schema } from '../../api/types';
import { Button, IconButton } from '../Button';
import { Field, type Wiring } from '../Field';
import { escaped } from './check';
import { fromText, isNullable, kindOf } from './plan';

/** Draws a field that names a record elsewhere, or null when it is an ordinary one. */
export type Picker = (field: string, wiring: Wiring, value: string | null, onChange: (value: string | null) => void) => ReactNode | null;

export const PickerContext = createContext<Picker | null>(null);

export interface SchemaFieldProps {
  name: string;
  schema: Schema;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  required: boolean;
  pointer: string;
  /** JSON pointer → what is wrong there. */
  faults: Record<string, string>;
  disabled?: boolean;
}

export function SchemaField(props: SchemaFieldProps) {
  const { name, schema, pointer, faults, required } = props;
  const kind = kindOf(schema);
  const label = schema.title ?? readable(name);

  if (kind === 'boolean') return <BooleanField {...props} label={label} />;
  if (kind === 'choices') return <ChoicesField {...props} label={label} />;
  if (kind === 'object' || kind === 'map' || kind === 'rows') {
    return (
      <fieldset className="fieldset">
        <legend>
          {label}
          {required && <span aria-hidden="true"> *</span>}
        </legend>
        {schema.description && <p className="field__hint">{schema.description}</p>}
        {faults[pointer] && <p className="field__fault">{faults[pointer]}</p>}
        {kind === 'object' && <ObjectFields {...props} />}
        {kind === 'map' && <MapFields {...props} known={[]} />}
        {kind === 'rows' && <RowsFields {...props} />}
      </fieldset>
    );
  }
  return (
    <Field label={label} required={required} hint={schema.description ?? hintOf(schema)} fault={faults[pointer]}>
      {(wiring) => <Control {...props} wiring={wiring} />}
    </Field>
  );
}

/** The fields of an object one below the other, short ones side by side. */
export function ObjectFields({ schema, value, onChange, pointer, faults, disabled, only }: SchemaFieldProps & { only?: string[] }) {
  const data: JsonObject = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const names = (only ?? Object.keys(schema.properties ?? {})).filter((it) => schema.properties?.[it] && !schema.properties[it].readOnly);
  const set = (name: string, it: Json | undefined) => onChange(withField(data, name, it));
  return (
    <div className="form__two" style={{ marginTop: 6 }}>
      {names.map((name) => (
        <SchemaField
          key={name}
          name={name}
          schema={schema.properties?.[name] ?? {}}
          value={data[name]}
          onChange={(it) => set(name, it)}
          required={schema.required?.includes(name) ?? false}
          pointer={`${pointer}/${escaped(name)}`}
          faults={faults}
          disabled={disabled}
        />
      ))}
      {schema.additionalProperties !== false && !only && (
        <div style={{ gridColumn: '1 / -1' }}>
          <MapFields name="" schema={schema} value={value} onChange={onChange} required={false} pointer={pointer} faults={faults} disabled={disabled} known={names} />
        </div>
      )}
    </div>
  );
}

function Control({ name, schema, value, onChange, wiring, disabled }: SchemaFieldProps & { wiring: Wiring }) {
  const pick = useContext(PickerContext);
  const kind = kindOf(schema);
  const text = textOf(value);

  const picked = kind === 'text' ? pick?.(name, wiring, typeof value === 'string' && value ? value : null, (it) => onChange(it ?? (isNullable(schema) ? null : undefined))) : null;
  if (picked) return picked;

  switch (kind) {
    case 'choice': {
      const choices = choicesOf(schema) ?? (typesOf(schema).includes('boolean') ? [true, false] : []);
      return (
        <select
          {...wiring}
          className="input"
          disabled={disabled}
          value={value === undefined || value === null ? '' : JSON.stringify(value)}
          onChange={(event) => onChange(event.target.value === '' ? (isNullable(schema) ? null : undefined) : (JSON.parse(event.target.value) as Json))}
        >
          <option value="">{isNullable(schema) ? 'None' : 'Choose…'}</option>
          {choices.map((it) => (
            <option key={JSON.stringify(it)} value={JSON.stringify(it)}>
              {typeof it === 'string' ? readable(it) : textOf(it)}
            </option>
          ))}
        </select>
      );
    }
    case 'long':
      return <textarea {...wiring} className="input" rows={3} disabled={disabled} value={text} onChange={(event) => onChange(event.target.value)} />;
    case 'number':
      return (
        <input
          {...wiring}
          className="input"
          type="number"
          step={typesOf(schema).includes('integer') ? 1 : 'any'}
          min={schema.minimum}
          max={schema.maximum}
          disabled={disabled}
          value={typeof value === 'number' ? value : ''}
          onChange={(event) => onChange(event.target.value === '' ? '' : Number(event.target.value))}
        />
      );
    case 'mixed':
      return <MixedControl schema={schema} value={value} onChange={onChange} wiring={wiring} disabled={disabled} />;
    case 'list':
      return <ListControl schema={schema} value={value} onChange={onChange} wiring={wiring} disabled={disabled} />;
    case 'json':
      return <JsonControl value={value} onChange={onChange} wiring={wiring} disabled={disabled} />;
    default:
      return (
        <input
          {...wiring}
          className="input"
          type={inputType(schema)}
          disabled={disabled}
          value={text}
          placeholder={typeof schema.examples?.[0] === 'string' ? schema.examples[0] : undefined}
          onChange={(event) => onChange(event.target.value === '' ? '' : fromText(event.target.value, schema, value))}
        />
      );
  }
}

function BooleanField({ schema, value, onChange, label, faults, pointer, disabled }: SchemaFieldProps & { label: string }) {
  return (
    <div className="field">
      <label className="check">
        <input type="checkbox" checked={value === true} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
        <span>
          {label}
          {schema.description && <span className="field__hint"> {schema.description}</span>}
        </span>
      </label>
      {faults[pointer] && <span className="field__fault">{faults[pointer]}</span>}
    </div>
  );
}

function ChoicesField({ schema, value, onChange, label, faults, pointer, required, disabled }: SchemaFieldProps & { label: string }) {
  const chosen = Array.isArray(value) ? value : [];
  return (
    <fieldset className="field">
      <legend className="field__label">
        {label}
        {required && <span aria-hidden="true"> *</span>}
      </legend>
      <div className="row" style={{ gap: '4px 18px' }}>
        {(schema.items?.enum ?? []).map((it) => (
          <label key={JSON.stringify(it)} className="check">
            <input
              type="checkbox"
              disabled={disabled}
              checked={chosen.includes(it)}
              onChange={(event) => onChange(event.target.checked ? [...chosen, it] : chosen.filter((other) => other !== it))}
            />
            {typeof it === 'string' ? readable(it) : textOf(it)}
          </label>
        ))}
      </div>
      {faults[pointer] && <span className="field__fault">{faults[pointer]}</span>}
      {schema.description && <span className="field__hint">{schema.description}</span>}
    </fieldset>
  );
}

/** Yes, no, or words of one's own. */
function MixedControl({ schema, value, onChange, wiring, disabled }: Pick<SchemaFieldProps, 'schema' | 'value' | 'onChange' | 'disabled'> & { wiring: Wiring }) {
  const how = typeof value === 'boolean' ? String(value) : value === undefined || value === null ? '' : 'text';
  return (
    <div className="row" style={{ flexWrap: 'nowrap' }}>
      <select
        {...wiring}
        className="input"
        disabled={disabled}
        value={how}
        onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value === 'text' ? '' : event.target.value === 'true')}
      >
        <option value="">Not given</option>
        <option value="true">Yes</option>
        <option value="false">No</option>
        <option value="text">As written:</option>
      </select>
      {how === 'text' && (
        <input className="input" aria-label="As written" disabled={disabled} value={textOf(value)} onChange={(event) => onChange(fromText(event.target.value, schema, value))} />
      )}
    </div>
  );
}

/** A list of words or numbers, one on each line. */
function ListControl({ schema, value, onChange, wiring, disabled }: Pick<SchemaFieldProps, 'schema' | 'value' | 'onChange' | 'disabled'> & { wiring: Wiring }) {
  const list = Array.isArray(value) ? value : [];
  const [text, setText] = useState(list.map(textOf).join('\n'));
  return (
    <textarea
      {...wiring}
      className="input"
      rows={Math.min(8, Math.max(3, list.length + 1))}
      placeholder="One on each line"
      disabled={disabled}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        const lines = event.target.value.split('\n').map((it) => it.trim());
        onChange(lines.filter(Boolean).map((it) => fromText(it, schema.items ?? {}, undefined)));
      }}
    />
  );
}

/** Whatever has no better form. Text that does not parse is kept as text, and said so. */
function JsonControl({ value, onChange, wiring, disabled }: Pick<SchemaFieldProps, 'value' | 'onChange' | 'disabled'> & { wiring: Wiring }) {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2));
  const [broken, setBroken] = useState('');
  return (
    <>
      <textarea
        {...wiring}
        className="input mono"
        style={{ minHeight: 96 }}
        spellCheck={false}
        disabled={disabled}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          try {
            onChange(event.target.value.trim() ? (JSON.parse(event.target.value) as Json) : undefined);
            setBroken('');
          } catch (thrown) {
            setBroken(thrown instanceof Error ? thrown.message : String(thrown));
          }
        }}
      />
      {broken && <span className="field__fault">This is not JSON yet: {broken}</span>}
    </>
  );
}

/** Names and values, both free. */
function MapFields({ schema, value, onChange, faults, pointer, known, disabled }: SchemaFieldProps & { known: string[] }) {
  const id = useId();
  const data: JsonObject = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  const [fresh, setFresh] = useState('');
  const inner = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
  const free = Object.keys(data).filter((it) => !known.includes(it));
  const set = (name: string, it: Json | undefined) => onChange(withField(data, name, it));
  const add = () => {
    const name = fresh.trim();
    if (!name || name in data) return;
    set(name, '');
    setFresh('');
  };
  return (
    <div className="pairs" style={{ marginTop: 6 }}>
      {known.length > 0 && free.length > 0 && <span className="field__label">Other fields</span>}
      {free.map((name) => {
        const it = data[name];
        const at = `${pointer}/${escaped(name)}`;
        return (
          <div key={name}>
            <div className="pairs__row">
              <span className="cut" style={{ alignSelf: 'center' }} title={name}>
                {name}
              </span>
              {typeof it === 'object' && it !== null ? (
                <code className="cut" style={{ alignSelf: 'center' }}>
                  {JSON.stringify(it)}
                </code>
              ) : (
                <input className="input" aria-label={name} aria-invalid={faults[at] ? true : undefined} disabled={disabled} value={textOf(it)} onChange={(event) => set(name, fromText(event.target.value, inner, it))} />
              )}
              <IconButton icon="close" label={`Remove ${name}`} disabled={disabled} onClick={() => set(name, undefined)} />
            </div>
            {faults[at] && <span className="field__fault">{faults[at]}</span>}
          </div>
        );
      })}
      {!disabled && (
        <div className="pairs__row" style={{ gridTemplateColumns: 'minmax(0, 1fr) max-content' }}>
          <input
            id={id}
            className="input"
            aria-label="Name of a further field"
            placeholder="Add a field by its name"
            value={fresh}
            onChange={(event) => setFresh(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              add();
            }}
          />
          <Button icon="plus" disabled={!fresh.trim()} onClick={add}>
            Add
          </Button>
        </div>
      )}
    </div>
  );
}

/** A list of objects. */
function RowsFields({ schema, value, onChange, pointer, faults, name, disabled }: SchemaFieldProps) {
  const list = Array.isArray(value) ? value : [];
  const inner = schema.items ?? {};
  return (
    <div className="stack" style={{ marginTop: 6 }}>
      {list.map((it, index) => (
        <div key={index} className="row" style={{ alignItems: 'flex-start', flexWrap: 'nowrap' }}>
          <div className="grow">
            <ObjectFields
              name={name}
              schema={{ additionalProperties: false, ...inner }}
              value={it}
              onChange={(next) => onChange(list.map((other, at) => (at === index ? (next ?? {}) : other)))}
              required={false}
              pointer={`${pointer}/${index}`}
              faults={faults}
              disabled={disabled}
            />
          </div>
          <IconButton icon="trash" label={`Remove row ${index + 1}`} disabled={disabled} onClick={() => onChange(list.filter((_, at) => at !== index))} />
        </div>
      ))}
      {!disabled && (
        <div>
          <Button icon="plus" small onClick={() => onChange([...list, {}])}>
            Add {(inner.title ?? 'a row').toLowerCase()}
          </Button>
        </div>
      )}
    </div>
  );
}

/** The object with one field set, or taken out; the others keep their order. */
function withField(data: JsonObject, name: string, value: Json | undefined): JsonObject {
  if (value === undefined) return Object.fromEntries(Object.entries(data).filter(([it]) => it !== name));
  return { ...data, [name]: value };
}

function inputType(schema: Schema): string {
  switch (schema.format) {
    case 'password':
      return 'password';
    case 'email':
      return 'email';
    case 'uri':
      return 'url';
    case 'date':
      return 'date';
    case 'time':
      return 'time';
    default:
      return 'text';
  }
}

/** The limits of a field in words, when its schema does not explain itself. */
function hintOf(schema: Schema): string | undefined {
  if (schema.minimum !== undefined && schema.maximum !== undefined) return `${schema.minimum} to ${schema.maximum}.`;
  if (schema.format === 'date-time') return 'A time like 2026-04-30T09:00:00Z.';
  return undefined;
}

/**
 * A form drawn from a JSON Schema.
 *
 * It checks before it sends, puts each fault at its field, and takes over the faults that the server
 * finds (`errors[].field`, a JSON pointer). Start at {@link SchemaForm}.
 */
import { type ReactNode, useEffect, useId, useState } from 'react';
import { Controller, type FieldErrors, type Resolver, useForm } from 'react-hook-form';

import { asFault } from '../../api/problem';
import type { Json, JsonObject, Schema } from '../../api/types';
import { Button } from '../Button';
import { ErrorNote } from '../ErrorNote';
import { check, escaped, type SchemaFault, topOf } from './check';
import { DocumentEditor } from './DocumentEditor';
import { cleaned, startOf } from './plan';
import { SchemaField } from './SchemaField';

/** Fields by name. What is in them is the schema's affair, and too deep for a type. */
type Values = Record<string, unknown>;

interface Props {
  schema: Schema;
  /** What is there already; a new form starts from the schema's defaults. */
  value?: JsonObject;
  /** Fields to show, in order; all when left out. */
  only?: string[];
  /** Field → schema of the document in it. */
  documents?: Record<string, Schema>;
  submit: string;
  /** Sends; whatever it throws is shown at the fields it names, else above the button. */
  run: (value: JsonObject) => Promise<unknown>;
  onCancel?: () => void;
  children?: ReactNode;
  disabled?: boolean;
}

export function SchemaForm({ schema, value, only, documents = {}, submit, run, onCancel, children, disabled = false }: Props) {
  const id = useId();
  const [start] = useState<JsonObject>(() => ({ ...(value ? {} : startOf(schema)), ...value }));
  const [refused, setRefused] = useState<unknown>(null);
  const form = useForm<Values>({ defaultValues: start, resolver: resolverOf(schema, documents), reValidateMode: 'onChange', shouldFocusError: false });
  const { errors, isSubmitting, submitCount } = form.formState;
  const names = (only ?? Object.keys(schema.properties ?? {})).filter((it) => schema.properties?.[it] && !schema.properties[it].readOnly);

  // The first field in the order of the page, not of the schema's faults.
  useEffect(() => {
    if (submitCount > 0 && Object.keys(errors).length > 0) {
      document.getElementById(id)?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    }
    // Only a press of the button moves the focus; typing must not.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [submitCount]);

  const send = form.handleSubmit(async (raw) => {
    setRefused(null);
    try {
      await run((cleaned(schema, raw as JsonObject) ?? {}) as JsonObject);
    } catch (thrown) {
      const fault = asFault(thrown);
      const placed = place(fault.fields.map((it) => ({ pointer: it.field, message: it.hint ? `${it.message} ${it.hint}` : it.message })), names);
      for (const [name, types] of Object.entries(placed.at)) form.setError(name, { type: 'server', types });
      // What found its field is said there; the rest is said below.
      if (placed.elsewhere > 0 || Object.keys(placed.at).length === 0) setRefused(thrown);
    }
  });

  return (
    <form
      id={id}
      className="form"
      noValidate
      onSubmit={(event) => {
        event.stopPropagation();
        void send(event);
      }}
    >
      {names.map((name) => (
        <Controller
          key={name}
          name={name}
          control={form.control}
          render={({ field }) => {
            const shared = {
              name,
              schema: schema.properties?.[name] ?? {},
              value: field.value as Json | undefined,
              onChange: field.onChange,
              required: schema.required?.includes(name) ?? false,
              pointer: `/${escaped(name)}`,
              faults: (errors[name]?.types ?? {}) as Record<string, string>,
              disabled: disabled || isSubmitting,
            };
            const document = documents[name];
            return document ? <DocumentEditor {...shared} document={document} /> : <SchemaField {...shared} />;
          }}
        />
      ))}
      {children}
      <ErrorNote error={refused} />
      <div className="row row--end">
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        <Button kind="main" type="submit" busy={isSubmitting} disabled={disabled}>
          {submit}
        </Button>
      </div>
    </form>
  );
}

/** Faults sorted to the fields of a form. */
export function place(faults: SchemaFault[], names: string[]): { at: Record<string, Record<string, string>>; elsewhere: number } {
  const at: Record<string, Record<string, string>> = {};
  let elsewhere = 0;
  for (const { pointer, message } of faults) {
    // A server may point from the body's root (`/name`) or from where it keeps it (`/data/name`).
    const inner = names.includes(topOf(pointer)) ? pointer : pointer.replace(/^\/(data|input|fields)(?=\/)/, '');
    const name = topOf(inner);
    if (names.includes(name)) at[name] = { ...at[name], [inner]: message };
    else elsewhere += 1;
  }
  return { at, elsewhere };
}

function resolverOf(schema: Schema, documents: Record<string, Schema>): Resolver<Values> {
  return (raw) => {
    const value = (cleaned(schema, raw as JsonObject) ?? {}) as JsonObject;
    const faults = [
      ...check(schema, value),
      ...Object.entries(documents).flatMap(([name, document]) => check(document, value[name], `/${escaped(name)}`)),
    ];
    const names = Object.keys(schema.properties ?? {});
    const { at } = place(faults, names);
    if (faults.length === 0) return { values: raw, errors: {} };
    return {
      values: {},
      errors: Object.fromEntries(Object.entries(at).map(([name, types]) => [name, { type: 'schema', types }])) as FieldErrors<Values>,
    };
  };
}

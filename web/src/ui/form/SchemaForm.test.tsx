import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';

import { Fault } from '../../api/problem';
import type { JsonObject, Schema } from '../../api/types';
import { PickerContext } from './SchemaField';
import { SchemaForm } from './SchemaForm';

const SCHEMA: Schema = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', title: 'Name', minLength: 1, maxLength: 10 },
    kind: { type: 'string', title: 'Kind', enum: ['all_year', 'spring'] },
    rule_id: { type: ['string', 'null'], title: 'Rule' },
    active: { type: 'boolean', title: 'Active', default: true },
    metadata: { type: 'object', title: 'Metadata', properties: { unit: { type: ['string', 'null'], title: 'Unit' } }, additionalProperties: true },
  },
};

const DOCUMENT: Schema = { type: 'object', required: ['order'], additionalProperties: false, properties: { order: { type: 'string', title: 'Order', enum: ['up', 'down'] } }, examples: [{ order: 'down' }] };

function shown(props: Partial<Parameters<typeof SchemaForm>[0]> = {}) {
  const run = vi.fn<(value: JsonObject) => Promise<unknown>>().mockResolvedValue(undefined);
  render(<SchemaForm schema={SCHEMA} submit="Save" run={run} {...props} />);
  return { run: (props.run as typeof run | undefined) ?? run, user: userEvent.setup(), save: () => userEvent.click(screen.getByRole('button', { name: 'Save' })) };
}

describe('a form from a schema', () => {
  it('sends what was filled in, with the defaults', async () => {
    const { run, user, save } = shown();
    await user.type(screen.getByLabelText('Name *'), 'Main');
    await user.selectOptions(screen.getByLabelText('Kind'), 'All year');
    await save();
    expect(run).toHaveBeenCalledWith({ name: 'Main', kind: 'all_year', active: true });
  });

  it('says what is needed at its field, and sends nothing', async () => {
    const { run, save } = shown();
    await save();
    const field = screen.getByLabelText('Name *');
    expect(field).toBeInvalid();
    expect(field).toHaveAccessibleDescription('This is needed.');
    await waitFor(() => expect(field).toHaveFocus());
    expect(run).not.toHaveBeenCalled();
  });

  it('takes a fault back as soon as it is mended', async () => {
    const { user, save } = shown();
    await save();
    await user.type(screen.getByLabelText('Name *'), 'x');
    expect(screen.getByLabelText('Name *')).toBeValid();
  });

  it('puts what the server refused at the field it names, also inside an object', async () => {
    const run = vi.fn().mockRejectedValue(
      new Fault({ title: 'Some fields are not right', status: 422, code: 'invalid_input', errors: [{ field: '/name', message: 'is taken' }, { field: '/data/metadata/unit', message: 'is not known' }] }),
    );
    const { user, save } = shown({ run });
    await user.type(screen.getByLabelText('Name *'), 'Main');
    await save();
    expect(screen.getByLabelText('Name *')).toHaveAccessibleDescription('is taken');
    expect(screen.getByLabelText('Unit')).toHaveAccessibleDescription('is not known');
    expect(screen.queryByRole('alert')).not.toBeInTheDocument();
  });

  it('shows a refusal that names no field above the button', async () => {
    const run = vi.fn().mockRejectedValue(new Fault({ title: 'A job is working on this', status: 409, code: 'record_locked', hint: 'Wait until it is done.', request_id: 'req_1' }));
    const { user, save } = shown({ run });
    await user.type(screen.getByLabelText('Name *'), 'Main');
    await save();
    const alert = screen.getByRole('alert');
    for (const words of ['A job is working on this', 'Wait until it is done.', 'req_1']) expect(alert).toHaveTextContent(words);
  });

  it('takes free fields of an object and lets them go again', async () => {
    const { run, user, save } = shown({ value: { name: 'Main', metadata: { supplier: 'KV', size: 4 } } });
    await user.click(screen.getByRole('button', { name: 'Remove supplier' }));
    await user.clear(screen.getByLabelText('size'));
    await user.type(screen.getByLabelText('size'), '5');
    await user.type(screen.getByLabelText('Name of a further field'), 'colour{Enter}');
    await user.type(screen.getByLabelText('colour'), 'red');
    await save();
    expect(run).toHaveBeenCalledWith({ name: 'Main', metadata: { size: '5', colour: 'red' } });
  });

  it('asks a picker for fields that name a record', async () => {
    const run = vi.fn().mockResolvedValue(undefined);
    render(
      <PickerContext value={(field, wiring, value, onChange) => (field === 'rule_id' ? <button type="button" id={wiring.id} onClick={() => onChange('r-7')}>{value ?? 'none'}</button> : null)}>
        <SchemaForm schema={SCHEMA} submit="Save" run={run} value={{ name: 'Main' }} />
      </PickerContext>,
    );
    await userEvent.click(screen.getByLabelText('Rule'));
    await userEvent.click(screen.getByRole('button', { name: 'Save' }));
    expect(run).toHaveBeenCalledWith({ name: 'Main', rule_id: 'r-7' });
  });
});

describe('a field with a document', () => {
  const schema: Schema = { type: 'object', required: ['rules'], properties: { rules: { type: 'object', title: 'Rules' } } };

  it('is checked by its own schema, at the place of the fault', async () => {
    const { run, save } = shown({ schema, documents: { rules: DOCUMENT }, value: { rules: {} } });
    await save();
    expect(screen.getByLabelText(/Order/)).toHaveAccessibleDescription('This is needed.');
    expect(run).not.toHaveBeenCalled();
  });

  it('can be written as JSON, which says what does not fit', async () => {
    const { run, user, save } = shown({ schema, documents: { rules: DOCUMENT }, value: { rules: { order: 'up' } } });
    await user.click(screen.getByRole('tab', { name: 'JSON' }));
    const raw = screen.getByLabelText('Rules as JSON');
    await user.clear(raw);
    await user.click(raw);
    await user.paste('{"order": "sideways"}');
    expect(screen.getByText(/This must be one of: up, down/)).toBeInTheDocument();
    await user.clear(raw);
    await user.click(raw);
    await user.paste('{"order": "down"}');
    expect(screen.getByText('The document fits its schema.')).toBeInTheDocument();
    await save();
    expect(run).toHaveBeenCalledWith({ rules: { order: 'down' } });
  });

  it('can start from the example of its schema', async () => {
    const { run, user, save } = shown({ schema, documents: { rules: DOCUMENT }, value: { rules: { order: 'up' } } });
    await user.click(screen.getByRole('tab', { name: 'Example' }));
    await user.click(screen.getByRole('button', { name: 'Start from this example' }));
    await save();
    expect(run).toHaveBeenCalledWith({ rules: { order: 'down' } });
  });
});

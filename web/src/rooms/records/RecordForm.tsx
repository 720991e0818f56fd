/** Creating and changing a record: the form of its collection, in a dialog. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api, unchanged } from '../../api/client';
import { withArticle } from '../../api/description';
import { recordQuery } from '../../api/queries';
import type { JsonObject, RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Dialog } from '../../ui/Dialog';
import { Field } from '../../ui/Field';
import { changed } from '../../ui/form/plan';
import { PickerContext } from '../../ui/form/SchemaField';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { Note } from '../../ui/Note';
import { toast } from '../../ui/Toast';
import { pickerFor } from './RecordPicker';

interface CreateProps {
  collection: string;
  /** The record it lies in. */
  parent?: RecordView;
  /** What is known already. */
  start?: JsonObject;
  open: boolean;
  onClose: () => void;
  onDone: (record: RecordView) => void;
}

export function CreateRecord({ collection, parent, start, open, onClose, onDone }: CreateProps) {
  const { app, tenant: shown, allTenants } = useHouse();
  const client = useQueryClient();
  const [chosen, setChosen] = useState<string | null>(null);
  const view = app.collections[collection];
  if (!view) return null;
  const needsTenant = allTenants && !view.shared && !parent;
  const tenant = view.shared ? undefined : (parent?.tenant ?? shown ?? chosen ?? undefined);

  return (
    <Dialog open={open} onClose={onClose} title={`New ${view.noun}`} shape={Object.keys(view.documents).length > 0 ? 'wide' : 'middle'}>
      <div className="stack">
        {needsTenant && (
          <Field label={app.tenants?.noun ? app.tenants.noun.charAt(0).toUpperCase() + app.tenants.noun.slice(1) : 'Tenant'} required>
            {(wiring) => <TenantPicker {...wiring} label={app.tenants?.noun ?? 'tenant'} value={chosen} onChange={setChosen} />}
          </Field>
        )}
        {needsTenant && !chosen ? (
          <Note>Choose whose {view.noun} it will be; the form follows.</Note>
        ) : (
          <PickerContext value={pickerFor(app, view.references, tenant)}>
            <SchemaForm
              schema={view.schema}
              documents={view.documents}
              value={start}
              submit={`Create ${view.noun}`}
              onCancel={onClose}
              run={async (data) => {
                const record = await answer(api.POST('/api/collections/{collection}', { params: { path: { collection }, query: { tenant, parent: parent?.id } }, body: data }));
                client.setQueryData(recordQuery(record.id).queryKey, record);
                void client.invalidateQueries({ queryKey: ['records', collection] });
                void client.invalidateQueries({ queryKey: ['stats'] });
                toast(`The ${view.noun} is there.`, 'good');
                onDone(record);
              }}
            />
          </PickerContext>
        )}
      </div>
    </Dialog>
  );
}

/** The form of a record that is there. Sends only what differs, and only if nobody changed it meanwhile. */
export function EditRecord({ record, disabled, onDone, onCancel }: { record: RecordView; disabled?: boolean; onDone?: () => void; onCancel?: () => void }) {
  const { app } = useHouse();
  const client = useQueryClient();
  const view = app.collections[record.collection];
  if (!view) return null;
  return (
    <PickerContext value={pickerFor(app, view.references, view.shared ? undefined : record.tenant)}>
      <SchemaForm
        key={record.revision}
        schema={view.schema}
        documents={view.documents}
        value={record.data}
        submit={`Save ${view.noun}`}
        disabled={disabled}
        onCancel={onCancel}
        run={async (data) => {
          const body = changed(record.data, data);
          if (Object.keys(body).length > 0) {
            const next = await answer(api.PATCH('/api/records/{record}', { params: { path: { record: record.id } }, headers: unchanged(record), body }));
            client.setQueryData(recordQuery(record.id).queryKey, next);
            void client.invalidateQueries({ queryKey: ['records', record.collection] });
          }
          toast(Object.keys(body).length > 0 ? 'Saved.' : `Nothing differs: ${withArticle(view.noun)} like this is there already.`, 'good');
          onDone?.();
        }}
      />
    </PickerContext>
  );
}

import { useQuery } from '@tanstack/react-query';

import { referenceOf, textOf, titleOf, withArticle } from '../../api/description';
import { queries } from '../../app/queries';
import { fewRecordsQuery, recordQuery } from '../../api/queries';
import type { AppView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Combobox } from '../../ui/Combobox';
import type { Wiring } from '../../ui/Field';
import type { Picker } from '../../ui/form/SchemaField';

interface Props extends Partial<Wiring> {
  collection: string;
  tenant?: string;
  value: string | null;
  none?: string;
  onChange: (record: string | null) => void;
}

/** Chooses a record of a collection by its title. */
export function RecordPicker({ collection, tenant, value, none, onChange, ...wiring }: Props) {
  const { app } = useHouse();
  const view = app.collections[collection];
  const chosen = useQuery({ ...recordQuery(value ?? ''), enabled: Boolean(value), staleTime: 60_000, retry: false });
  const noun = view?.noun ?? 'record';
  return (
    <Combobox
      {...wiring}
      label={noun}
      value={value}
      shown={chosen.data ? titleOf(view, chosen.data) : undefined}
      none={none}
      placeholder={`Choose ${withArticle(noun)}`}
      listKey={['records', collection, tenant]}
      find={async (search) => {
        const page = await queries.fetchQuery(fewRecordsQuery(collection, { tenant: view?.shared ? undefined : tenant, search: search || undefined }, 30));
        const note = view?.columns.find((it) => it !== view.title && !view.references[it]);
        return page.items.map((it) => ({ id: it.id, label: titleOf(view, it), note: note ? textOf(it.data[note]) : undefined }));
      }}
      onChange={(option) => onChange(option?.id ?? null)}
    />
  );
}

/** Draws the fields of a form that name records, as the description says or their names tell. */
export function pickerFor(app: AppView, references: Record<string, string> | undefined, tenant: string | undefined): Picker {
  return function pick(field, wiring, value, onChange) {
    const collection = referenceOf(app, references, field);
    return collection ? <RecordPicker {...wiring} collection={collection} tenant={tenant} value={value} none="None" onChange={onChange} /> : null;
  };
}

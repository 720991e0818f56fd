import { choicesOf, labelOf, readable, schemaOf, textOf } from '../../api/description';
import type { CollectionView } from '../../api/types';
import { Button } from '../../ui/Button';
import { SearchBox } from '../../ui/SearchBox';
import { RecordPicker } from './RecordPicker';

export type Narrowed = Record<string, string>;

interface Props {
  collection: CollectionView;
  tenant?: string;
  search: string;
  by: Narrowed;
  onSearch: (text: string) => void;
  onFilter: (by: Narrowed) => void;
}

/** A search box and the filters a collection declares: a list where the values are known, else a text. */
export function Filters({ collection, tenant, search, by, onSearch, onFilter }: Props) {
  const set = (field: string, value: string | null) => {
    const rest = Object.entries(by).filter(([name]) => name !== field);
    onFilter(Object.fromEntries(value ? [...rest, [field, value]] : rest));
  };
  return (
    <>
      <SearchBox value={search} onChange={onSearch} label={`Search ${collection.plural}`} />
      {collection.filters.map((field) => {
        const schema = schemaOf(collection.schema, field);
        const label = labelOf(collection.schema, field);
        const choices = choicesOf(schema);
        const reference = collection.references[field];
        if (reference) {
          return (
            <div key={field} className="filter">
              <RecordPicker collection={reference} tenant={tenant} value={by[field] ?? null} none={`${label}: any`} onChange={(it) => set(field, it)} />
            </div>
          );
        }
        if (choices) {
          return (
            <select key={field} className="input" aria-label={label} value={by[field] ?? ''} onChange={(event) => set(field, event.target.value)}>
              <option value="">{label}: any</option>
              {choices.map((it) => (
                <option key={String(it)} value={String(it)}>
                  {typeof it === 'string' ? readable(it) : textOf(it)}
                </option>
              ))}
            </select>
          );
        }
        return (
          <input
            key={`${field}-${by[field] ?? ''}`}
            className="input filter"
            aria-label={label}
            placeholder={label}
            defaultValue={by[field] ?? ''}
            onBlur={(event) => event.target.value.trim() !== (by[field] ?? '') && set(field, event.target.value.trim())}
            onKeyDown={(event) => event.key === 'Enter' && set(field, event.currentTarget.value.trim())}
          />
        );
      })}
      {(search || Object.keys(by).length > 0) && (
        <Button
          kind="plain"
          icon="close"
          onClick={() => {
            onSearch('');
            onFilter({});
          }}
        >
          Clear
        </Button>
      )}
    </>
  );
}

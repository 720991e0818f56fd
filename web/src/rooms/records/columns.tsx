/** The columns of a collection's table, made from its description. */
import type { ReactNode } from 'react';

import { fieldOf, labelOf, schemaOf, typesOf } from '../../api/description';
import type { CollectionView, RecordView, Schema } from '../../api/types';
import type { Column } from '../../ui/table/DataTable';
import { Value } from './Value';

/** `title` draws the field that names the record, usually as a link to it. */
export function columnsOf(collection: CollectionView, title: (record: RecordView, content: ReactNode) => ReactNode): Column<RecordView>[] {
  const hasProse = collection.columns.some((field) => isProse(schemaOf(collection.schema, field)));
  return collection.columns.map((field) => {
    const schema = schemaOf(collection.schema, field);
    const reference = collection.references[field];
    const value = (record: RecordView) => <Value value={fieldOf(record.data, field)} schema={schema} reference={reference} />;
    return {
      id: field,
      label: labelOf(collection.schema, field),
      width: widthOf(schema, field === collection.title, Boolean(reference)),
      grows: isProse(schema) || (!hasProse && field === collection.title),
      cell: field === collection.title ? (record) => title(record, value(record)) : value,
    };
  });
}

function isProse(schema: Schema | undefined): boolean {
  return (schema?.maxLength ?? 0) >= 500;
}

function widthOf(schema: Schema | undefined, isTitle: boolean, isReference: boolean): number {
  if (isTitle) return 190;
  if (isReference) return 190;
  if (isProse(schema)) return 300;
  if (schema?.enum) return 140;
  const types = typesOf(schema);
  if (types.includes('boolean')) return 90;
  if (types.length > 0 && !types.includes('string')) return 110;
  if ((schema?.maxLength ?? 0) > 100 || schema?.format === 'uri') return 230;
  return 124;
}

import { useQueryClient } from '@tanstack/react-query';

import { answer, api } from '../../api/client';
import { documentQuery } from '../../api/queries';
import type { DocumentView, JsonObject, Schema } from '../../api/types';
import { Dialog } from '../../ui/Dialog';
import { changed } from '../../ui/form/plan';
import { SchemaForm } from '../../ui/form/SchemaForm';
import { toast } from '../../ui/Toast';

const SCHEMA: Schema = {
  type: 'object',
  required: ['title'],
  additionalProperties: false,
  properties: {
    title: { type: 'string', title: 'Title', minLength: 1 },
    summary: { type: 'string', title: 'In short', maxLength: 2048 },
    tags: { type: 'array', title: 'Tags', items: { type: 'string', maxLength: 64 }, maxItems: 32, description: 'Words by which it is chosen.' },
    shared: { type: 'boolean', title: 'Shared', description: 'Everybody here may read and find it.' },
    metadata: { type: 'object', title: 'Whatever else is known of it', additionalProperties: true },
  },
};

/** What is said about a document. Its file and its text never change: another text is another document. */
export function EditDocument({ document, onClose }: { document: DocumentView; onClose: () => void }) {
  const client = useQueryClient();
  const before: JsonObject = { title: document.title, ...(document.summary ? { summary: document.summary } : {}), tags: document.tags, shared: document.shared, metadata: document.metadata };
  // What lies in a chat is its owner's alone.
  const fields = Object.keys(before).filter((it) => it !== 'shared' || !document.chat);
  return (
    <Dialog open onClose={onClose} title="Edit what is said about it" about="Its file and its text stay as they are.">
      <SchemaForm
        schema={SCHEMA}
        only={['title', 'summary', 'tags', 'shared', 'metadata'].filter((it) => it === 'summary' || fields.includes(it))}
        value={before}
        submit="Save"
        onCancel={onClose}
        run={async (after) => {
          const { title, summary, tags, shared, metadata } = changed(before, after);
          const body = {
            ...(typeof title === 'string' ? { title } : {}),
            // An empty text takes it away.
            ...(summary === undefined ? {} : { summary: typeof summary === 'string' ? summary : '' }),
            ...(tags === undefined ? {} : { tags: Array.isArray(tags) ? tags.map(String) : [] }),
            ...(typeof shared === 'boolean' ? { shared } : {}),
            ...(metadata === undefined ? {} : { metadata: isObject(metadata) ? metadata : {} }),
          };
          if (Object.keys(body).length > 0) {
            const next = await answer(api.PATCH('/api/documents/{document}', { params: { path: { document: document.id } }, body }));
            client.setQueryData(documentQuery(next.id).queryKey, next);
            for (const key of ['documents', 'document-search']) void client.invalidateQueries({ queryKey: [key] });
          }
          toast(Object.keys(body).length > 0 ? 'Saved.' : 'Nothing differs.', 'good');
          onClose();
        }}
      />
    </Dialog>
  );
}

function isObject(value: JsonObject[string]): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

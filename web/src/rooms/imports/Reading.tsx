import type { ReactNode } from 'react';

import type { CollectionView, PreviewView } from '../../api/types';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Note } from '../../ui/Note';
import { Card } from '../../ui/Page';
import { DropZone } from './DropZone';
import { Preview } from './Preview';
import { nameOf } from './upload';
import type { ReadFile } from './useReading';

interface Props {
  reading: ReadFile;
  limits: NonNullable<CollectionView['import']>;
  /** What the rows of the file become. */
  rows: CollectionView;
  /** What has to be said before a file can be chosen. */
  before?: ReactNode;
  /** What can be done with a file that was read. */
  children: (file: File, preview: PreviewView) => ReactNode;
}

/** Choosing a file and seeing how it is understood: nothing is kept yet. */
export function Reading({ reading: { file, wrong, preview, take }, limits, rows, before, children }: Props) {
  return (
    <>
      {before ?? <DropZone formats={limits.formats} maxBytes={limits.max_bytes} maxRows={limits.max_rows} file={file} onFile={take} />}
      {wrong && (
        <Note tone="bad" role="alert">
          {wrong}
        </Note>
      )}
      {preview.isPending && (
        <Card title="Reading the file">
          <Skeleton lines={4} />
        </Card>
      )}
      <ErrorNote error={preview.error} retry={file ? () => preview.mutate(file) : undefined} />
      {preview.data && file && (
        <>
          <Preview preview={preview.data} schema={rows.schema} name={nameOf(file)} />
          {children(file, preview.data)}
        </>
      )}
    </>
  );
}

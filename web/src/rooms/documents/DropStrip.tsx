import { useEffect, useRef, useState } from 'react';

import { Button } from '../../ui/Button';
import { Field } from '../../ui/Field';
import { Icon } from '../../ui/Icon';
import { endingsOf, type Limits, limitWords } from './limits';
import { type Said } from './uploads';

interface Props {
  limits: Limits;
  onFiles: (files: File[], said: Pick<Said, 'tags' | 'shared'>) => void;
}

/** Takes files, chosen with the button or dropped anywhere on the page. */
export function DropStrip({ limits, onFiles }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [tags, setTags] = useState('');
  const [shared, setShared] = useState(false);
  const take = (files: FileList | null) => {
    if (files && files.length > 0) onFiles(Array.from(files), { tags: tagsIn(tags), shared });
  };
  const isOver = useFileDrop(take);
  return (
    <div role="group" aria-label="Files to put in" className={`intake ${isOver ? 'intake--over' : ''}`}>
      <div className="intake__line">
        <Icon name="upload" size={20} />
        <p className="grow">
          <span className="intake__drop">Drop files anywhere on this page, or choose them.</span> <span className="quiet">{limitWords(limits)}</span>
        </p>
        <Button kind="main" onClick={() => input.current?.click()}>
          Choose files
        </Button>
      </div>
      <details className="intake__said">
        <summary>
          For these files: {tagsIn(tags).length > 0 ? tagsIn(tags).join(', ') : 'no tags'}, {shared ? 'shared with everybody' : 'yours alone'}
        </summary>
        <div className="form__two">
          <Field label="Tags" hint="Words by which they are chosen, with commas between them.">
            {(wiring) => <input {...wiring} className="input" value={tags} onChange={(event) => setTags(event.target.value)} />}
          </Field>
          <label className="check intake__check">
            <input type="checkbox" checked={shared} onChange={(event) => setShared(event.target.checked)} />
            <span>Shared: everybody here may read and find them</span>
          </label>
        </div>
      </details>
      <input
        ref={input}
        type="file"
        multiple
        className="unseen"
        tabIndex={-1}
        aria-label="Files"
        accept={endingsOf(limits).join(',')}
        onChange={(event) => {
          take(event.target.files);
          event.target.value = '';
        }}
      />
    </div>
  );
}

/** `manuals,  pumps` → two tags. */
export function tagsIn(text: string): string[] {
  return [...new Set(text.split(',').map((it) => it.trim()))].filter(Boolean);
}

/** Files dropped anywhere on the page; true while some are held over it. A file that misses would replace the page otherwise. */
function useFileDrop(take: (files: FileList | null) => void): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(take);
  useEffect(() => {
    latest.current = take;
  });
  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const over = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      // Only what leaves the window has nowhere to go.
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      setOver(false);
      if (!holdsFiles(event)) return;
      event.preventDefault();
      latest.current(event.dataTransfer?.files ?? null);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return isOver;
}

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';

import { answer, api } from '../../api/client';
import { Fault } from '../../api/problem';
import { meQuery, pictureQuery } from '../../api/queries';
import type { Me } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { bytes } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { toast } from '../../ui/Toast';
import { asForm } from '../imports/upload';
import './access.css';

const KINDS = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const BYTES_MAX = 5 * 1024 * 1024;

/** One's own picture, and another one in its place. */
export function Picture() {
  const { me } = useHouse();
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const shown = useQuery({ ...pictureQuery(me.picture ?? ''), enabled: Boolean(me.picture) });
  const keep = (next: Me) => client.setQueryData(meQuery.queryKey, next);
  const upload = useMutation({
    mutationFn: async (file: File) => {
      if (file.size > BYTES_MAX) throw new Fault({ title: 'The picture is too large', status: 413, code: 'file_too_large', detail: `It has ${bytes(file.size)}; at most ${bytes(BYTES_MAX)} are taken.` });
      return answer(api.POST('/api/me/picture', { body: { file }, bodySerializer: asForm }));
    },
    onSuccess: (next) => {
      keep(next);
      toast('Saved.', 'good');
    },
  });
  const remove = useMutation({ mutationFn: () => answer(api.DELETE('/api/me/picture')), onSuccess: keep });
  return (
    <div className="stack">
      <div className="row">
        {me.picture && shown.data ? (
          <img className="portrait" src={shown.data} alt="You" />
        ) : (
          <span className="portrait" aria-hidden="true">
            <Icon name="person" size={32} />
          </span>
        )}
        <Button busy={upload.isPending} icon="upload" onClick={() => input.current?.click()}>
          {me.picture ? 'Another picture' : 'Add a picture'}
        </Button>
        {me.picture && (
          <Button kind="plain" busy={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        )}
        <input
          ref={input}
          type="file"
          className="unseen"
          tabIndex={-1}
          aria-label="Picture"
          accept={KINDS.join(',')}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) upload.mutate(file);
            event.target.value = '';
          }}
        />
      </div>
      <p className="quiet">PNG, JPEG, GIF or WebP, at most 5 MB.</p>
      <ErrorNote error={upload.error ?? remove.error ?? shown.error} />
    </div>
  );
}

/** Beginning a run of a source: as always, anew, or only to see what it would do. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import type { SourceEntry } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button, IconButton } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Menu } from '../../ui/Menu';
import { toast, toastFault } from '../../ui/Toast';

interface How {
  refresh?: boolean;
  refresh_pattern?: string;
  refresh_tag?: string;
  validate?: boolean;
  whole?: boolean;
  debug?: boolean;
}

/** Nothing for those who may not, or while no tenant is chosen that it would be for. */
export function RunSource({ source, small = false }: { source: Pick<SourceEntry, 'name' | 'title' | 'status' | 'has_cursor'>; small?: boolean }) {
  const { can, tenant, allTenants } = useHouse();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [choosing, setChoosing] = useState(false);
  const run = useMutation({
    mutationFn: (how: How) => answer(api.POST('/api/sources/{source}/run', { params: { path: { source: source.name } }, body: { tenant, ...how } })),
    onSuccess: (begun) => {
      setChoosing(false);
      void client.invalidateQueries({ queryKey: ['sources'] });
      toast(`${source.title}: the run has begun.`, 'good');
      void navigate({ to: '/sources/$source', params: { source: source.name }, search: (now) => ({ tenant: now.tenant, run: begun.job }) });
    },
  });
  if (!can('manage_jobs') || allTenants) return null;
  const begin = (how: How) => run.mutate(how, { onError: toastFault });
  const isStill = source.status === 'disabled';
  return (
    <>
      <Button small={small} kind={small ? undefined : 'main'} icon="play" busy={run.isPending || source.status === 'running'} disabled={isStill} onClick={() => begin({})} aria-label={`Run now: ${source.title}`}>
        Run now
      </Button>
      <Menu
        label={`Ways to run ${source.title}`}
        trigger={<IconButton icon="more" kind="solid" small={small} label={`More ways to run ${source.title}`} disabled={isStill || source.status === 'running'} />}
        items={[
          { label: 'Validate: write nothing', icon: 'check', run: () => begin({ validate: true }) },
          { label: 'Refresh: fetch everything anew', icon: 'refresh', run: () => begin({ refresh: true }) },
          { label: 'Refresh some of it…', icon: 'search', run: () => setChoosing(true) },
          source.has_cursor && { label: 'Read from the beginning', icon: 'undo', run: () => begin({ whole: true }) },
          { label: 'Run with every detail told', icon: 'logs', run: () => begin({ debug: true }) },
        ]}
      />
      {choosing && <SomeDialog title={source.title} busy={run.isPending} error={run.error} onClose={() => setChoosing(false)} onRun={(how) => run.mutate(how)} />}
    </>
  );
}

function SomeDialog({ title, busy, error, onClose, onRun }: { title: string; busy: boolean; error: unknown; onClose: () => void; onRun: (how: How) => void }) {
  const [pattern, setPattern] = useState('');
  const [tag, setTag] = useState('');
  const submit = () => onRun({ refresh_pattern: pattern.trim() || undefined, refresh_tag: tag.trim() || undefined });
  const isReady = pattern.trim() !== '' || tag.trim() !== '';
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Refresh some of ${title}`}
      about="Only what is kept under such a name, or with such a tag, is fetched and made anew."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" busy={busy} disabled={!isReady} onClick={submit}>
            Refresh
          </Button>
        </>
      }
    >
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) submit();
        }}
      >
        <Field label="Names that fit" hint="* is anything: https://example.org/rides/*">
          {(wiring) => <input {...wiring} className="input" autoFocus value={pattern} onChange={(event) => setPattern(event.target.value)} />}
        </Field>
        <Field label="Tag" hint="A source, a step or a host.">
          {(wiring) => <input {...wiring} className="input" value={tag} onChange={(event) => setTag(event.target.value)} />}
        </Field>
        <ErrorNote error={error} />
        <button type="submit" hidden />
      </form>
    </Dialog>
  );
}

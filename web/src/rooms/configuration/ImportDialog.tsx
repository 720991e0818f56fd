/** All documents out of a zip: looked at first, then put in force together, all or none. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { answer, api } from '../../api/client';
import { counted } from '../../api/description';
import type { ConfigurationImport } from '../../api/types';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { toast } from '../../ui/Toast';
import { asForm } from '../imports/upload';
import { Report } from './Report';
import './configuration.css';

const OUTCOMES = { imported: 'Changed', valid: 'Would be changed', unchanged: 'As it is', refused: 'With a fault', left_out: 'Left out', unknown: 'No document' } as const;

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [reason, setReason] = useState('');
  const send = (only: boolean) => answer(api.POST('/api/configuration/import', { body: { file: file as File, reason: reason.trim() || undefined, validate_only: only }, bodySerializer: asForm }));
  const check = useMutation({ mutationFn: () => send(true) });
  const take = useMutation({
    mutationFn: () => send(false),
    onSuccess: (come) => {
      for (const key of ['configuration', 'frontend']) void client.invalidateQueries({ queryKey: [key] });
      if (!come.is_valid) return;
      toast(come.imported === 0 ? 'Everything is as it was.' : `${counted(come.imported, 'document is', 'documents are')} changed${come.applied ? '.' : '; some of them act at the next start.'}`, 'good');
      onClose();
    },
  });
  const seen = take.data ?? check.data;
  return (
    <Dialog
      open
      onClose={onClose}
      shape="wide"
      title="Import documents"
      about="A zip of 10 MB at most, as the export makes it. All of its documents are taken in, or none. What is hidden in them stays as it is."
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button icon="check" busy={check.isPending} disabled={!file} onClick={() => check.mutate()}>
            Only check it
          </Button>
          <Button kind="main" icon="upload" busy={take.isPending} disabled={!file || !check.data?.is_valid} onClick={() => take.mutate()}>
            Import
          </Button>
        </>
      }
    >
      <div className="stack">
        <Field label="The zip" required>
          {(wiring) => (
            <input
              {...wiring}
              className="input"
              type="file"
              accept=".zip,application/zip"
              onChange={(event) => {
                setFile(event.target.files?.[0] ?? null);
                check.reset();
                take.reset();
              }}
            />
          )}
        </Field>
        <Field label="Why" hint="For those who read the history.">
          {(wiring) => <input {...wiring} className="input" maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />}
        </Field>
        <ErrorNote error={check.error ?? take.error} />
        {seen && <Seen come={seen} />}
      </div>
    </Dialog>
  );
}

function Seen({ come }: { come: ConfigurationImport }) {
  return (
    <>
      <Report report={come} />
      <ul className="checked">
        {come.results.map((it) => (
          <li key={it.file} className="checked__one">
            <Badge tone={it.outcome === 'refused' || it.outcome === 'unknown' ? 'bad' : it.outcome === 'valid' || it.outcome === 'imported' ? 'good' : 'plain'}>{OUTCOMES[it.outcome]}</Badge>
            <code className="grow wrap">{it.file}</code>
            {it.acts === 'next_start' && (it.outcome === 'valid' || it.outcome === 'imported') && <span className="quiet">acts at the next start</span>}
          </li>
        ))}
      </ul>
    </>
  );
}

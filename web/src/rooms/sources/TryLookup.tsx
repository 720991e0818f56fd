/** Asking somebody outside about one record, to see what they say. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';

import { readable, withArticle } from '../../api/description';
import { answer, api } from '../../api/client';
import type { Json, LookedUp, LookupEntry } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { JsonText } from '../../ui/CodeText';
import { Dialog } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { span } from '../../ui/format';
import { Time } from '../../ui/Time';
import { RecordPicker } from '../records/RecordPicker';
import { Value } from '../records/Value';
import { foundWords } from './words';

export function TryLookup({ lookup, onClose }: { lookup: LookupEntry; onClose: () => void }) {
  const { app, tenant } = useHouse();
  const [record, setRecord] = useState<string | null>(null);
  const noun = app.collections[lookup.of]?.noun ?? 'record';
  const ask = useMutation({ mutationFn: (about: string) => answer(api.GET('/api/records/{record}/lookups/{lookup}', { params: { path: { record: about, lookup: lookup.name } } })) });
  // What was said of one record is not said of the next.
  const choose = (next: string | null) => {
    ask.reset();
    setRecord(next);
  };
  return (
    <Dialog open onClose={onClose} shape="side" title={lookup.title} about={lookup.about || undefined}>
      <div className="stack stack--wide">
        <Described lookup={lookup} noun={noun} />
        <form
          className="form"
          onSubmit={(event) => {
            event.preventDefault();
            if (record && !ask.isPending) ask.mutate(record);
          }}
        >
          <Field label={`Ask about ${withArticle(noun)}`} required>
            {(wiring) => <RecordPicker {...wiring} collection={lookup.of} tenant={tenant} value={record} onChange={choose} />}
          </Field>
          <div className="row">
            <Button type="submit" kind="main" icon="search" busy={ask.isPending} disabled={!record}>
              Ask
            </Button>
            {ask.isPending && <span className="quiet">Somebody outside is asked, for {span(lookup.waits_ms)} at most…</span>}
          </div>
        </form>
        <div>
          <div aria-live="polite">{ask.data && <Said looked={ask.data} />}</div>
          {ask.isError && <ErrorNote error={ask.error} retry={record ? () => ask.mutate(record) : undefined} />}
        </div>
      </div>
    </Dialog>
  );
}

function Described({ lookup, noun }: { lookup: LookupEntry; noun: string }) {
  return (
    <dl className="facts">
      <dt>Asked with</dt>
      <dd>{lookup.asked_with.length > 0 ? lookup.asked_with.map(readable).join(', ') : 'its address alone'}</dd>
      <dt>Gives</dt>
      <dd>{lookup.gives.map((it) => (lookup.needs.includes(it) ? `${readable(it)} (always)` : readable(it))).join(', ')}</dd>
      <dt>Asked</dt>
      <dd>{lookup.is_conditional ? `where it makes sense for the ${noun}` : `of any ${noun}`}</dd>
      <dt>Without an answer</dt>
      <dd>{lookup.has_otherwise ? `what the ${noun} has already` : 'nothing'}</dd>
      <dt>Good for</dt>
      <dd>{lookup.good_for_s > 0 ? `${span(lookup.good_for_s * 1000)}, for all of which the same is asked` : 'this one time'}</dd>
    </dl>
  );
}

function Said({ looked }: { looked: LookedUp }) {
  const { tone, word, about } = foundWords(looked.found);
  return (
    <div className="stack">
      <div className="row">
        <Badge tone={tone} dot>
          {word}
        </Badge>
        <span className="quiet">{looked.asked_at ? <Time at={looked.asked_at} /> : about}</span>
      </div>
      {looked.answer && (
        <dl className="facts">
          {Object.entries(looked.answer).map(([name, value]) => (
            <Given key={name} name={name} value={value} />
          ))}
        </dl>
      )}
    </div>
  );
}

/** What is given has no schema: a moment is known by how it is written. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

function Given({ name, value }: { name: string; value: Json }) {
  return (
    <>
      <dt>{readable(name)}</dt>
      <dd>{typeof value === 'object' && value !== null ? <JsonText value={value} label={readable(name)} /> : <Value value={value} schema={typeof value === 'string' && MOMENT.test(value) ? { format: 'date-time' } : undefined} />}</dd>
    </>
  );
}

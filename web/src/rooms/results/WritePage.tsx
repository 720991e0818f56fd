/** Writing a text and handing it in: how long it is, a draft that is kept in this browser, the way to its result. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';

import { resultQuery } from '../../api/asked';
import { answer, api } from '../../api/client';
import { gradingOf, type Grading, labelOf, schemaOf } from '../../api/description';
import { frontendQuery } from '../../api/rounds';
import { ChooseTenant } from '../../app/ChooseTenant';
import { NotFound, Pending } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { number } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { Note } from '../../ui/Note';
import { Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { draftIn, draftKey, keepDraft, lengthOf } from './drafts';
import './results.css';

const route = getRouteApi('/house/write');
/** A draft is kept when one has stopped typing for so long. */
const KEPT_AFTER_MS = 600;

export default function WritePage() {
  const { app, me, allTenants } = useHouse();
  const { task, previous } = route.useSearch();
  const all = gradingOf(app);
  const grading = all.find((it) => it.name === task) ?? all[0];
  const before = useQuery({ ...resultQuery(previous ?? ''), enabled: previous !== undefined, retry: false });
  if (!grading) return <NotFound />;
  if (allTenants) {
    return (
      <Page title={grading.view.title}>
        <ChooseTenant>A text belongs to one {app.tenants?.noun}.</ChooseTenant>
      </Page>
    );
  }
  if (previous !== undefined && before.isPending) return <Pending />;
  return <Editor key={`${grading.name} ${previous ?? ''}`} all={all} grading={grading} previous={previous} text={before.data?.text ?? ''} user={me.id} fault={before.error} />;
}

interface Props {
  all: Grading[];
  grading: Grading;
  previous: string | undefined;
  /** Of the version before. */
  text: string;
  user: string;
  fault: unknown;
}

function Editor({ all, grading, previous, text: start, user, fault }: Props) {
  const { app, tenant } = useHouse();
  const navigate = useNavigate();
  const client = useQueryClient();
  const key = draftKey(user, grading.name);
  const [draft] = useState(() => draftIn(localStorage, key));
  // The draft of another version is not the text of this one.
  const isSame = draft !== null && (previous === undefined || draft.previous === previous);
  const [text, setText] = useState(isSame ? draft.text : start);
  const [of, setOf] = useState(previous ?? (isSame ? draft.previous : undefined));
  const [keptAt, setKeptAt] = useState(isSame ? draft.at : null);
  const [cannotKeep, setCannotKeep] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const frontend = useQuery(frontendQuery).data;
  const schema = schemaOf(app.collections[grading.of]?.schema, grading.text);
  const length = lengthOf(text, schema?.minLength ?? 1, frontend?.chars_max ?? schema?.maxLength ?? null);

  const forget = useKept(text, (now) => {
    const at = new Date().toISOString();
    setCannotKeep(!keepDraft(localStorage, key, { text: now, at, previous: of }));
    setKeptAt(now.trim() ? at : null);
  });
  const submit = useMutation({
    mutationFn: () => answer(api.POST('/api/results', { body: { tenant, task: grading.name, text: text.trim(), previous: of, mode: 'job' } })),
    onSuccess: ({ id }) => {
      forget();
      keepDraft(localStorage, key, { text: '', at: '' });
      for (const name of ['results', 'progress']) void client.invalidateQueries({ queryKey: [name] });
      void navigate({ to: '/results/$result', params: { result: id }, search: (now) => ({ tenant: now.tenant }) });
    },
  });
  const isReady = length.chars > 0 && length.fault === null;
  const label = labelOf(app.collections[grading.of]?.schema, grading.text);
  return (
    <Page
      title={grading.view.title}
      about={grading.view.about}
      actions={
        <>
          {all.length > 1 && (
            <select className="input" style={{ width: 'auto' }} aria-label="What for" value={grading.name} onChange={(event) => void navigate({ to: '/write', search: (now) => ({ tenant: now.tenant, task: event.target.value }) })}>
              {all.map((it) => (
                <option key={it.name} value={it.name}>
                  {it.view.title}
                </option>
              ))}
            </select>
          )}
          <Link to="/results" className="button">
            <Icon name="history" /> What came before
          </Link>
        </>
      }
    >
      <ErrorNote error={fault} />
      {of && (
        <Note tone="info">
          This is another version of{' '}
          <Link to="/results/$result" params={{ result: of }}>
            a text that you handed in
          </Link>
          .{' '}
          <Button small onClick={() => setOf(undefined)}>
            It is a new text
          </Button>
        </Note>
      )}
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) submit.mutate();
          else field.current?.focus();
        }}
      >
        <Field label={label} required hint={schema?.description} fault={length.fault === 'short' ? `It needs at least ${number(length.least)} characters.` : length.fault === 'long' ? `It may have at most ${number(length.most ?? 0)} characters.` : undefined}>
          {(wiring) => (
            <textarea
              {...wiring}
              ref={field}
              className="input write__text"
              autoFocus
              value={text}
              onChange={(event) => setText(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
              }}
            />
          )}
        </Field>
        <div className="row">
          <span className={`number ${length.fault === 'long' ? 'write__over' : 'soft'}`} data-testid="length">
            {number(length.chars)}
            {length.most !== null && ` of ${number(length.most)}`} characters
          </span>
          <span className="quiet grow" role="status">
            {cannotKeep ? 'This browser keeps no draft: copy the text before you leave.' : keptAt ? <>Draft kept in this browser <Time at={keptAt} /></> : ''}
          </span>
          <Button disabled={text === ''} icon="trash" onClick={() => setText('')}>
            Clear
          </Button>
          <Button kind="main" type="submit" icon="play" busy={submit.isPending} disabled={!isReady}>
            Hand it in
          </Button>
        </div>
        <ErrorNote error={submit.error} retry={() => submit.mutate()} />
      </form>
    </Page>
  );
}

/** Keeps a text some time after it changed, and at once when the page is left. Not any more once the answer was called. */
function useKept(text: string, keep: (text: string) => void): () => void {
  const isOver = useRef(false);
  const latest = useRef({ text, keep, kept: text });
  useEffect(() => {
    latest.current = { ...latest.current, text, keep };
  });
  useEffect(() => {
    const now = () => {
      const { text: shown, kept, keep: run } = latest.current;
      if (isOver.current || shown === kept) return;
      latest.current.kept = shown;
      run(shown);
    };
    const timer = setTimeout(now, KEPT_AFTER_MS);
    addEventListener('pagehide', now);
    return () => {
      clearTimeout(timer);
      removeEventListener('pagehide', now);
    };
  }, [text]);
  useEffect(
    () => () => {
      const { text: shown, kept, keep: run } = latest.current;
      if (!isOver.current && shown !== kept) run(shown);
    },
    [],
  );
  return useCallback(() => {
    isOver.current = true;
  }, []);
}

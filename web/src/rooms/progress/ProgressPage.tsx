/** How results went over time: the line of all, the criteria, how often, and what is said again and again. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useCallback, useMemo } from 'react';

import { progressQuery } from '../../api/asked';
import { answer, api } from '../../api/client';
import { counted, labelOf, readable } from '../../api/description';
import type { ProgressPeriod, ProgressView } from '../../api/types';
import { ChooseTenant } from '../../app/ChooseTenant';
import { NotFound } from '../../app/fallback';
import { useHouse } from '../../app/house';
import { Bars } from '../../ui/Bars';
import { Button } from '../../ui/Button';
import { DayField } from '../../ui/DayField';
import { dayIn } from '../../ui/days';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { number } from '../../ui/format';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import { changeWords, type Each, periodName, score } from './words';

const Lines = lazy(() => import('../../ui/Lines'));
const route = getRouteApi('/house/progress');
const EACH: Each[] = ['week', 'month', 'quarter'];

export default function ProgressPage() {
  const { app, tenant, allTenants, can } = useHouse();
  const search = route.useSearch();
  const navigate = useNavigate({ from: '/progress' });
  const names = Object.keys(app.progress);
  const name = names.find((it) => it === search.progress) ?? names[0];
  const of = search.of === 'all' ? 'all' : 'me';
  const each = EACH.find((it) => it === search.each) ?? 'month';
  const range = { from: dayIn(search.from), to: dayIn(search.to) };
  const isNarrowed = Boolean(range.from ?? range.to);
  const query = useQuery({ ...progressQuery({ tenant, progress: name, of, ...range }), enabled: name !== undefined && !allTenants });
  const set = (next: Partial<typeof search>) => void navigate({ to: '/progress', search: (now) => ({ ...now, ...next }), replace: true });
  if (name === undefined) return <NotFound />;
  const title = app.progress[name]?.title ?? 'Progress';
  if (allTenants) {
    return (
      <Page title={title}>
        <ChooseTenant>Results belong to one {app.tenants?.noun}.</ChooseTenant>
      </Page>
    );
  }
  return (
    <Page
      title={title}
      about={query.data && <Calculated progress={query.data} />}
      actions={
        <>
          {names.length > 1 && (
            <select className="input" style={{ width: 'auto' }} aria-label="Progress of what" value={name} onChange={(event) => set({ progress: event.target.value })}>
              {names.map((it) => (
                <option key={it} value={it}>
                  {app.progress[it]?.title}
                </option>
              ))}
            </select>
          )}
          {can('read_records') && (
            <select className="input" style={{ width: 'auto' }} aria-label="Whose" value={of} onChange={(event) => set({ of: event.target.value === 'all' ? 'all' : undefined })}>
              <option value="me">My own</option>
              <option value="all">All together</option>
            </select>
          )}
          <select className="input" style={{ width: 'auto' }} aria-label="For each" value={each} onChange={(event) => set({ each: event.target.value })}>
            {EACH.map((it) => (
              <option key={it} value={it}>
                By {it}
              </option>
            ))}
          </select>
        </>
      }
    >
      <div className="toolbar" role="group" aria-label="Which days">
        <DayField label="From" max={range.to} value={range.from} onChange={(from) => set({ from })} />
        <DayField label="To" min={range.from} value={range.to} onChange={(to) => set({ to })} />
        {isNarrowed && (
          <Button kind="plain" icon="close" onClick={() => set({ from: undefined, to: undefined })}>
            All days
          </Button>
        )}
      </div>
      {query.isPending ? (
        <Skeleton lines={8} />
      ) : query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : query.data.count === 0 && isNarrowed ? (
        <div className="card">
          <Empty icon="trend" title="No results in these days">
            There may be some before or after them.
          </Empty>
        </div>
      ) : query.data.count === 0 ? (
        <div className="card">
          <Empty
            icon="trend"
            title="No results yet"
            action={
              <Link to="/write" className="button button--main">
                Write a text
              </Link>
            }
          >
            How they go is shown here from the first one on.
          </Empty>
        </div>
      ) : (
        <>
          {/* What is said in words is said of all of one's results. */}
          {of === 'me' && !isNarrowed && app.progress[name]?.has_comment && can('ask_questions') && <InWords key={`${name} ${query.data.count}`} name={name} tenant={tenant} />}
          <Shown progress={query.data} each={each} />
        </>
      )}
    </Page>
  );
}

function Calculated({ progress }: { progress: ProgressView }) {
  return (
    <>
      {counted(progress.count, 'result', 'results')}
      {progress.owners > 1 && ` of ${counted(progress.owners, 'person', 'people')}`}, calculated <Time at={progress.calculated_at} />
    </>
  );
}

/** What the application says of one's own, when it is asked: a model may have to think for it. */
function InWords({ name, tenant }: { name: string; tenant: string | undefined }) {
  const words = useMutation({ mutationFn: () => answer(api.POST('/api/progress/comment', { body: { tenant, progress: name } })) });
  return (
    <Card title="In words">
      <div aria-live="polite">{words.data && <p lang={words.data.language}>{words.data.comment}</p>}</div>
      {words.isError && <ErrorNote error={words.error} />}
      {!words.data && (
        <button type="button" className="button" disabled={words.isPending} onClick={() => words.mutate()}>
          {words.isPending ? 'Looking back…' : 'Say where it goes'}
        </button>
      )}
    </Card>
  );
}

function Shown({ progress, each }: { progress: ProgressView; each: Each }) {
  const { app } = useHouse();
  const schema = app.collections[app.progress[progress.progress]?.of ?? '']?.schema;
  const periods = progress.periods[each];
  const days = useMemo(() => periods.map((it) => it.from), [periods]);
  const overall = useMemo(() => [{ name: 'Overall', values: periods.map((it) => it.mean) }], [periods]);
  const name = useCallback((day: string) => periodName(day, each), [each]);
  const criteria = Object.entries(progress.criteria);
  const last = periods.at(-1);
  return (
    <>
      <div className="tiles">
        <Tile label="Mean" value={score(progress.overall.mean)} note={`lowest ${score(progress.overall.least)}, highest ${score(progress.overall.most)}`} />
        <Tile label="The latest" value={score(progress.overall.latest)} note={progress.last_at ? <Time at={progress.last_at} /> : undefined} />
        <Tile label="Change" value={changeWords(progress.overall.change)} note="of the newer half against the older" />
        <Tile label="Trend of 30 days" value={changeWords(progress.overall.slope_30_days)} />
      </div>
      <Card title={`Overall, by ${each}`}>
        <Suspense fallback={<Skeleton lines={6} />}>
          <Lines days={days} lines={overall} label={`Overall by ${each}`} format={score} dayName={name} />
        </Suspense>
      </Card>
      <div className="cards">
        {criteria.length > 0 && (
          <Card title="By criterion">
            <Bars
              label="Mean of each criterion"
              rows={criteria.map(([key, it]) => ({ key, name: readable(key), value: it.mean ?? 0, text: `${score(it.mean)}${it.change ? ` (${changeWords(it.change)})` : ''}` }))}
            />
            {last && Object.keys(last.criteria).length > 0 && <Latest period={last} each={each} />}
          </Card>
        )}
        <Card title={`How often, by ${each}`}>
          <Bars label={`Results by ${each}`} rows={periods.slice(-12).map((it) => ({ key: it.from, name: name(it.from), value: it.count, text: number(it.count) }))} />
        </Card>
        {Object.entries(progress.recurring)
          .filter(([, texts]) => texts.length > 0)
          .map(([field, texts]) => (
            <Card key={field} title={`Again and again: ${labelOf(schema, field).toLowerCase()}`}>
              <ul className="stack" style={{ gap: 6 }}>
                {texts.map((it) => (
                  <li key={it.text} className="wrap">
                    {it.text} <span className="quiet">{counted(it.count, 'time', 'times')}</span>
                  </li>
                ))}
              </ul>
            </Card>
          ))}
      </div>
    </>
  );
}

function Latest({ period, each }: { period: ProgressPeriod; each: string }) {
  return (
    <p className="quiet" style={{ marginTop: 10 }}>
      The last {each}: {Object.entries(period.criteria)
        .map(([key, value]) => `${readable(key)} ${score(value)}`)
        .join(', ')}
    </p>
  );
}

function Tile({ label, value, note }: { label: string; value: string; note?: ReactNode }) {
  return (
    <div className="tile">
      <div className="tile__label">{label}</div>
      <div className="tile__value">{value}</div>
      {note && <div className="tile__note">{note}</div>}
    </div>
  );
}

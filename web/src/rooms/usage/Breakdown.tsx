/** What was used, broken down by one thing: a bar for each. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';

import { readable } from '../../api/description';
import { type Period, usageSummaryQuery } from '../../api/queries';
import type { UsageGroup } from '../../api/types';
import { Bars } from '../../ui/Bars';
import { Button } from '../../ui/Button';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Card } from '../../ui/Page';
import { WhoseName } from '../models/WhoseName';
import { costWords, type Measure, short, valueOf } from './days';

/** More than these are shown when they are asked for. */
const FEW = 8;

export function Breakdown({ title, period, group, measure }: { title: string; period: Period; group: UsageGroup; measure: Measure }) {
  const query = useQuery(usageSummaryQuery(period, group));
  const [all, setAll] = useState(false);
  const rows = [...(query.data?.breakdown ?? [])].sort((a, b) => valueOf(b, measure) - valueOf(a, measure));
  return (
    <Card title={title}>
      {query.isPending ? (
        <Skeleton lines={4} />
      ) : query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : rows.length === 0 ? (
        <p className="quiet">Nothing in this time.</p>
      ) : (
        <>
          <Bars
            label={title}
            rows={(all ? rows : rows.slice(0, FEW)).map((it) => ({
              key: it.name,
              name: nameOf(group, it.name),
              value: valueOf(it, measure),
              text: measure === 'cost' ? costWords(it) : short(valueOf(it, measure)),
            }))}
          />
          {rows.length > FEW && (
            <Button small kind="plain" icon={all ? 'up' : 'down'} onClick={() => setAll(!all)}>
              {all ? 'Fewer' : `All ${rows.length}`}
            </Button>
          )}
        </>
      )}
    </Card>
  );
}

function nameOf(group: UsageGroup, name: string): ReactNode {
  if (group === 'operation') return readable(name);
  if (!name) return <span className="quiet">{group === 'key' ? 'Without a key' : 'For no task'}</span>;
  return group === 'tenant' || group === 'key' || group === 'task' ? <WhoseName scope={group} id={name} /> : name;
}

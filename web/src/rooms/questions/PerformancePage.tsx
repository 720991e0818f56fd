/** How questions over data fared: those without an answer too, so that somebody can help. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';

import { languageName, number, span } from '../../ui/format';
import { performanceQuery } from '../../api/asked';
import type { QuestionPerformance } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Choice } from '../../ui/Choice';
import { Empty } from '../../ui/Empty';
import { Page } from '../../ui/Page';
import type { Column } from '../../ui/table/DataTable';
import { ListTable } from '../../ui/table/ListTable';
import { Time } from '../../ui/Time';

const route = getRouteApi('/house/question-performance');

const COLUMNS: Column<QuestionPerformance>[] = [
  { id: 'question', label: 'Question', width: 300, grows: true, cell: (it) => <span className="cut" title={it.question}>{it.question}</span> },
  { id: 'outcome', label: 'Answered', width: 110, cell: (it) => <Badge tone={it.was_answered ? 'good' : 'bad'} dot>{it.was_answered ? 'Yes' : 'No'}</Badge> },
  { id: 'why', label: 'Why not', width: 200, cell: (it) => <span className="cut soft">{it.error ?? ''}</span> },
  { id: 'category', label: 'About', width: 130, cell: (it) => it.category ?? <span className="quiet">–</span> },
  { id: 'language', label: 'Language', width: 110, cell: (it) => languageName(it.language) },
  { id: 'took', label: 'Took', width: 90, align: 'right', cell: (it) => span(it.response_ms) },
  { id: 'tokens', label: 'Tokens', width: 90, align: 'right', cell: (it) => (it.from_cache ? <span className="quiet">kept</span> : number(it.tokens_used)) },
  { id: 'at', label: 'Asked', width: 130, cell: (it) => <span className="quiet"><Time at={it.at} /></span> },
];

export default function PerformancePage() {
  const { tenant } = useHouse();
  const { answered } = route.useSearch();
  const navigate = useNavigate();
  const query = useInfiniteQuery(performanceQuery({ tenant, answered: answered === undefined ? undefined : answered === 'true' }));
  return (
    <Page fill title="How questions fared" about="What was asked of the data, and whether it was answered.">
      <div className="toolbar">
        <Choice
          label="Answered"
          none="Answered or not"
          options={['true', 'false']}
          words={(it) => (it === 'true' ? 'Answered' : 'Without an answer')}
          value={answered}
          onChange={(it) => void navigate({ to: '/question-performance', search: (now) => ({ tenant: now.tenant, answered: it }), replace: true })}
        />
      </div>
      <ListTable
        label="Questions"
        noun="question"
        plural="questions"
        columns={COLUMNS}
        query={query}
        empty={
          <Empty icon="ask" title="Nothing was asked">
            Each question appears here, however it ended.
          </Empty>
        }
      />
    </Page>
  );
}

import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';

import { readable } from '../../api/description';
import { promptsQuery } from '../../api/queries';
import { Badge } from '../../ui/Badge';
import { CodeText } from '../../ui/CodeText';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Card, Page } from '../../ui/Page';
import { Time } from '../../ui/Time';
import '../tasks/tasks.css';

const route = getRouteApi('/house/prompts');

/** The templates of the questions to models, as they are in use. They are changed in the application's folder. */
export default function PromptsPage() {
  const { name } = route.useSearch();
  const navigate = useNavigate();
  const query = useQuery(promptsQuery);
  const prompts = query.data?.items ?? [];
  const shown = prompts.find((it) => `${it.name}-${it.version}` === name) ?? prompts.find((it) => it.is_active) ?? prompts[0];
  return (
    <Page title="Prompts" about="What models are asked. They are changed in the application's folder and taken over at its next start.">
      {query.isPending ? (
        <Skeleton lines={6} />
      ) : query.isError ? (
        <ErrorNote error={query.error} retry={() => void query.refetch()} />
      ) : !shown ? (
        <Empty icon="prompt" title="No prompts">
          This application asks no models.
        </Empty>
      ) : (
        <div className="tasks">
          <ul className="tasks__list">
            {prompts.map((it) => (
              <li key={it.name + it.version}>
                <button type="button" className="task" aria-pressed={it === shown} onClick={() => void navigate({ to: '/prompts', search: (now) => ({ ...now, name: `${it.name}-${it.version}` }), replace: true })}>
                  <strong>{readable(it.name)}</strong>
                  <span className="row quiet">
                    Version {it.version}
                    {it.is_active && <Badge tone="good">In use</Badge>}
                  </span>
                </button>
              </li>
            ))}
          </ul>
          <Card title={`${readable(shown.name)}, version ${shown.version}`} aside={<span className="quiet"><Time at={shown.created_at} /></span>}>
            <div className="stack">
              {shown.variables.length > 0 && (
                <div className="row" style={{ gap: 4 }}>
                  <span className="quiet">Uses</span>
                  {shown.variables.map((it) => (
                    <Badge key={it}>{it}</Badge>
                  ))}
                </div>
              )}
              <CodeText label={`Text of ${shown.name}`}>{shown.text}</CodeText>
            </div>
          </Card>
        </div>
      )}
    </Page>
  );
}

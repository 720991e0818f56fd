import { useQuery } from '@tanstack/react-query';

import { initialQuestionsQuery } from '../../api/asked';
import type { QuestionsView } from '../../api/types';
import { Empty, Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Suggestions } from '../../ui/Suggestions';

/** Questions to begin with, by what they are about, in the language that was chosen. */
export function Initial({ questions, language, onAsk }: { questions: QuestionsView; language: string; onAsk: (question: string) => void }) {
  const query = useQuery(initialQuestionsQuery(questions.name, language));
  if (query.isPending) return <Skeleton lines={6} />;
  if (query.isError) return <ErrorNote error={query.error} retry={() => void query.refetch()} />;
  const categories = Object.entries(query.data.categories);
  if (categories.length === 0) {
    return (
      <Empty icon="ask" title={questions.title}>
        {questions.about}
      </Empty>
    );
  }
  return (
    <div className="stack stack--wide" lang={query.data.language}>
      {categories.map(([name, it]) => (
        <section key={name} className="stack">
          <div>
            <h3>{it.title}</h3>
            {it.description && <p className="soft">{it.description}</p>}
          </div>
          <Suggestions of={it.questions} onChoose={onAsk} />
        </section>
      ))}
    </div>
  );
}

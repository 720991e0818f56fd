import { Empty } from '../../ui/Empty';
import { Card } from '../../ui/Page';
import type { Criteria, Reading } from './reading';

/** All of a result at a glance: the number, the criteria with their reasons, the lists. */
export function Overall({ reading, language }: { reading: Reading; language?: string }) {
  const { overall, texts, lists, criteria } = reading;
  if (!overall && texts.length + lists.length + criteria.length === 0) {
    return (
      <Empty icon="file" title="Nothing was said">
        The result holds no words.
      </Empty>
    );
  }
  return (
    <div className="stack stack--wide" lang={language}>
      {overall && (
        <div className="tiles">
          <div className="tile">
            <div className="tile__label">{overall.title}</div>
            <div className="tile__value">{overall.value.toLocaleString('en', { maximumFractionDigits: 2 })}</div>
            {criteria[0] && (
              <div className="tile__note">
                of {criteria[0].least} to {criteria[0].most}
              </div>
            )}
          </div>
        </div>
      )}
      {texts.map((it) => (
        <Card key={it.title} title={it.title}>
          <p className="wrap" style={{ whiteSpace: 'pre-wrap' }}>
            {it.text}
          </p>
        </Card>
      ))}
      {lists.length > 0 && (
        <div className="cards">
          {lists.map((it) => (
            <Card key={it.title} title={it.title}>
              <ul className="bullets">
                {it.items.map((item, index) => (
                  <li key={index} className="wrap">
                    {item}
                  </li>
                ))}
              </ul>
            </Card>
          ))}
        </div>
      )}
      {criteria.map((it) => (
        <CriteriaCard key={it.title} criteria={it} />
      ))}
    </div>
  );
}

function CriteriaCard({ criteria: { title, entries, least, most } }: { criteria: Criteria }) {
  return (
    <Card title={title} flush>
      <ul>
        {entries.map((it) => (
          <li key={it.key} className="criterion">
            <div className="criterion__head">
              <strong className="grow wrap">{it.name}</strong>
              <span className="criterion__bar" aria-hidden="true">
                {it.score !== null && <span style={{ width: `${Math.max(2, ((it.score - least) / Math.max(1, most - least)) * 100)}%` }} />}
              </span>
              <span className="number">{it.score === null ? '–' : `${it.score} of ${most}`}</span>
            </div>
            {it.note && <p className="soft wrap">{it.note}</p>}
          </li>
        ))}
      </ul>
    </Card>
  );
}

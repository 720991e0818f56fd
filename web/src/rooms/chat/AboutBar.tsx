/** What a chat is about, with the way back to it; and that nothing more can be asked, once it is gone. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { titleOf } from '../../api/description';
import type { RecordView } from '../../api/types';
import { useHouse } from '../../app/house';
import { ErrorNote } from '../../ui/ErrorNote';
import { Icon } from '../../ui/Icon';
import { Note } from '../../ui/Note';
import { Time } from '../../ui/Time';
import { isResult } from './about';
import type { About } from './useAbout';

export function AboutBar({ about: { record, standing, error, retry } }: { about: About }) {
  if (standing === 'deleted' || standing === 'gone') return null;
  if (standing === 'unknown' && error) {
    return (
      <div className="chat__about">
        <ErrorNote error={error} retry={retry} />
      </div>
    );
  }
  return (
    <p className="chat__about row" style={{ flexWrap: 'nowrap' }} aria-busy={standing === 'unknown'}>
      <Icon name="file" />
      {record ? <Named record={record} /> : <span className="quiet">…</span>}
    </p>
  );
}

/** In the place of the next question. */
export function Closed({ about: { record, standing } }: { about: About }) {
  const { app } = useHouse();
  const noun = (record && app.collections[record.collection]?.noun) ?? 'record';
  return (
    <Note tone="warn" role="status">
      {standing === 'deleted' ? (
        <>
          The {record?.deleted_at ? <Leading record={record}>{noun}</Leading> : noun} that this is about was deleted. What was said can be read; more can be asked when it is restored.
        </>
      ) : (
        'What this is about is not there any more, or not yours to see. What was said can be read; nothing more can be asked.'
      )}
    </Note>
  );
}

function Named({ record }: { record: RecordView }) {
  const { app } = useHouse();
  const view = app.collections[record.collection];
  const noun = view?.noun ?? 'record';
  // What is private may be named by all that it says.
  if (!view || view.private || isResult(app, record.collection)) {
    return (
      <span className="wrap">
        About <Leading record={record}>the {noun}</Leading> of <Time at={record.created_at} />
      </span>
    );
  }
  return (
    <span className="wrap">
      About the {noun} <Leading record={record}>{titleOf(view, record)}</Leading>
    </span>
  );
}

/** The way to where it is looked at. */
function Leading({ record, children }: { record: RecordView; children: ReactNode }) {
  const { app } = useHouse();
  if (isResult(app, record.collection)) {
    return (
      <Link to="/results/$result" params={{ result: record.id }} search={(now) => ({ tenant: now.tenant })}>
        {children}
      </Link>
    );
  }
  return (
    <Link to="/records/$record" params={{ record: record.id }} search={(now) => ({ tenant: now.tenant })}>
      {children}
    </Link>
  );
}

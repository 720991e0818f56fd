import { Link } from '@tanstack/react-router';

import { labelOf, readable } from '../../api/description';
import type { ProposalView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge, StateBadge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { JsonText } from '../../ui/CodeText';
import { Changes } from '../../ui/Diff';
import { Time } from '../../ui/Time';
import { PersonName } from '../access/PersonName';
import { makerOf } from '../versions/version';
import { effectOf } from './change';

interface Props {
  proposal: ProposalView;
  collection: string;
  isCurrent: boolean;
  isSelected: boolean;
  isOpen: boolean;
  mayDecide: boolean;
  busy: boolean;
  onFocus: () => void;
  onSelect: () => void;
  onOpen: () => void;
  onAccept: () => void;
  onReject: () => void;
}

/** One proposal: what it is about, what would change, how sure its maker is. */
export function ProposalCard({ proposal, collection, isCurrent, isSelected, isOpen, mayDecide, busy, onFocus, onSelect, onOpen, onAccept, onReject }: Props) {
  const { app } = useHouse();
  const schema = app.collections[collection]?.schema;
  const effect = effectOf(proposal);
  const confidence = proposal.change?.confidence;
  const pending = proposal.status === 'pending';
  const name = proposal.subject?.title ?? `the whole ${app.collections[app.collections[collection]?.parent ?? '']?.noun ?? 'version'}`;

  return (
    // Whatever in it takes the focus makes it the current one; the keys are the page's.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <article className={`proposal ${isCurrent ? 'proposal--current' : ''} ${isSelected ? 'proposal--selected' : ''}`} tabIndex={-1} onFocus={onFocus} aria-label={`${readable(proposal.category)}: ${proposal.suggestion}`}>
      {mayDecide && <input type="checkbox" className="box" aria-label={`Select: ${proposal.suggestion}`} checked={isSelected} disabled={!pending} onChange={onSelect} />}
      <div className="grow stack" style={{ gap: 4 }}>
        <div className="row">
          <Badge tone="accent">{readable(proposal.category)}</Badge>
          {proposal.subject ? <strong className="cut proposal__subject">{name}</strong> : <span className="quiet">About {name}</span>}
          {!pending && <StateBadge state={proposal.status} />}
          {typeof confidence === 'number' && <Confidence value={confidence} />}
        </div>
        <p className="wrap">{proposal.suggestion}</p>
        {effect.kind === 'set' && effect.changes.length > 0 && <Changes changes={effect.changes} label={(field) => labelOf(schema, field)} />}
        {effect.kind === 'add' && (
          <>
            <p className="quiet">Would be added:</p>
            <Changes changes={effect.changes} label={(field) => labelOf(schema, field)} />
          </>
        )}
        {effect.kind === 'remove' && (
          <p>
            <Badge tone="bad">Would be taken out</Badge>
          </p>
        )}
        {effect.kind === 'advice' && effect.text && <p className="soft wrap">{effect.text}</p>}
        {isOpen && <Details proposal={proposal} isAdvice={effect.kind === 'advice'} />}
      </div>
      <div className="proposal__acts row">
        <Button small kind="plain" aria-expanded={isOpen} onClick={onOpen}>
          {isOpen ? 'Less' : 'Details'}
        </Button>
        {mayDecide && pending && (
          <>
            <Button small icon="check" disabled={busy} onClick={onAccept}>
              Accept
            </Button>
            <Button small icon="close" disabled={busy} onClick={onReject}>
              Reject
            </Button>
          </>
        )}
      </div>
    </article>
  );
}

function Details({ proposal, isAdvice }: { proposal: ProposalView; isAdvice: boolean }) {
  return (
    <div className="stack proposal__details">
      {isAdvice && <p className="quiet">This is advice: accepting it marks it as done and changes nothing by itself.</p>}
      <dl className="facts">
        <dt>Made</dt>
        <dd>
          <Time at={proposal.created_at} /> {makerOf(proposal.produced_by)}
        </dd>
        {proposal.decided_at && (
          <>
            <dt>Decided</dt>
            <dd>
              <Time at={proposal.decided_at} /> {proposal.decided_by && (
                <>
                  by <PersonName id={proposal.decided_by} />
                </>
              )}
              {proposal.notes && <>: {proposal.notes}</>}
            </dd>
          </>
        )}
        {proposal.record && (
          <>
            <dt>About</dt>
            <dd>
              <Link to="/records/$record" params={{ record: proposal.parent }} search={{ version: proposal.version, item: proposal.record }}>
                {proposal.subject?.title ?? proposal.record}
              </Link>
            </dd>
          </>
        )}
      </dl>
      {proposal.subject && <JsonText value={proposal.subject.data} label="The record as it is" />}
    </div>
  );
}

function Confidence({ value }: { value: number }) {
  const percent = Math.round(Math.max(0, Math.min(1, value)) * 100);
  return (
    <span className="confidence" title="How sure its maker is">
      <span className="confidence__bar" aria-hidden="true">
        <span style={{ width: `${percent}%` }} />
      </span>
      <span className="unseen">Confidence </span>
      {percent}%
    </span>
  );
}

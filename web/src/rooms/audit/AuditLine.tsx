import { Link } from '@tanstack/react-router';

import { readable } from '../../api/description';
import type { AuditEntry } from '../../api/types';
import { Badge } from '../../ui/Badge';
import { Time } from '../../ui/Time';
import { PersonName } from '../access/PersonName';
import './audit.css';

/** One entry of the audit log in a short list. */
export function AuditLine({ entry }: { entry: AuditEntry }) {
  return (
    <li className="auditline">
      <Badge>{readable(entry.action)}</Badge>
      <span className="cut grow">
        {entry.record ? (
          <Link to="/records/$record" params={{ record: entry.record }}>
            {entry.summary}
          </Link>
        ) : (
          entry.summary
        )}
      </span>
      <span className="quiet cut auditline__who">
        <PersonName id={entry.actor} />
      </span>
      <span className="quiet">
        <Time at={entry.at} />
      </span>
    </li>
  );
}

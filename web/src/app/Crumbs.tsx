import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps, useLocation } from '@tanstack/react-router';
import { Fragment } from 'react';

import { capital, readable, shelves, titleOf } from '../api/description';
import { chatQuery, documentQuery, recordQuery, tenantQuery } from '../api/queries';
import { Icon } from '../ui/Icon';
import { useHouse } from './house';

interface Crumb {
  label: string;
  link?: LinkProps;
}

/** Where one is, and the way up. */
export function Crumbs() {
  const crumbs = useCrumbs();
  return (
    <nav className="crumbs" aria-label="Breadcrumbs">
      <ol>
        {crumbs.map((it, index) => (
          <Fragment key={index}>
            {index > 0 && (
              <li aria-hidden="true" className="quiet crumbs__line">
                <Icon name="right" size={12} />
              </li>
            )}
            <li className="cut" aria-current={index === crumbs.length - 1 ? 'page' : undefined}>
              {it.link && index < crumbs.length - 1 ? <Link {...it.link}>{it.label}</Link> : it.label}
            </li>
          </Fragment>
        ))}
      </ol>
    </nav>
  );
}

function useCrumbs(): Crumb[] {
  const { app } = useHouse();
  const [room = '', id, leaf] = useLocation()
    .pathname.split('/')
    .filter(Boolean)
    .map((it) => decodeURIComponent(it));

  const record = useQuery({ ...recordQuery(id ?? ''), enabled: room === 'records' && Boolean(id) }).data;
  const document = useQuery({ ...documentQuery(id ?? ''), enabled: room === 'documents' && Boolean(id), staleTime: 60_000 }).data;
  const chat = useQuery({ ...chatQuery(id ?? ''), enabled: room === 'chat' && Boolean(id) }).data;
  const tenantId = room === 'tenants' ? id : record?.tenant;
  const tenant = useQuery({ ...tenantQuery(tenantId ?? ''), enabled: Boolean(tenantId) && app.tenants !== null && !(record && app.collections[record.collection]?.shared), staleTime: 60_000 }).data;

  const shelf = (name: string): Crumb => ({
    label: shelves(app).find((it) => it.name === name)?.title ?? capital(app.collections[name]?.plural ?? name),
    link: { to: '/data/$collection', params: { collection: name } },
  });

  switch (room) {
    case '':
      return [{ label: 'Overview' }];
    case 'find':
      return [{ label: 'Search' }];
    case 'tenants': {
      const all: Crumb = { label: capital(app.tenants?.plural ?? 'tenants'), link: { to: '/tenants' } };
      return id ? [all, { label: tenant?.name ?? '…' }] : [all];
    }
    case 'data':
      return id ? [shelf(id), ...(leaf === 'import' ? [{ label: 'Import' }] : [])] : [];
    case 'records': {
      if (!record) return [{ label: '…' }];
      return [
        ...(tenant ? [{ label: tenant.name, link: { to: '/tenants/$id', params: { id: tenant.id } } as LinkProps }] : []),
        shelf(record.collection),
        { label: titleOf(app.collections[record.collection], record), link: { to: '/records/$record', params: { record: record.id } } },
        ...(leaf === 'change' ? [{ label: 'Add or change' }] : []),
      ];
    }
    case 'chat':
      return [{ label: 'Chat', link: { to: '/chat/{-$chat}', params: { chat: undefined } } }, ...(id ? [{ label: chat?.title ?? '…' }] : [])];
    case 'documents':
      return [{ label: 'Documents', link: { to: '/documents' } }, ...(id ? [{ label: document?.title ?? '…' }] : [])];
    case 'jobs':
      return [{ label: 'Jobs', link: { to: '/jobs' } }, ...(id ? [{ label: id.slice(0, 13) }] : [])];
    case 'questions':
      return [{ label: 'Questions', link: { to: '/questions/{-$conversation}', params: { conversation: undefined } } }, ...(id ? [{ label: 'Conversation' }] : [])];
    case 'question-performance':
      return [{ label: 'Questions', link: { to: '/questions/{-$conversation}', params: { conversation: undefined } } }, { label: 'How they fared' }];
    case 'results':
      return [{ label: 'Results', link: { to: '/results' } }, ...(id ? [{ label: 'Result' }] : [])];
    case 'sources':
      return [{ label: 'Sources', link: { to: '/sources' } }, ...(id ? [{ label: readable(id) }] : [])];
    case 'configuration':
      return [{ label: 'Configuration', link: { to: '/configuration' } }, ...(id ? [{ label: readable(id) }] : [])];
    case 'deprecations':
      return [{ label: 'Old paths' }];
    case 'webhooks':
      return [{ label: 'Webhooks', link: { to: '/webhooks' } }, ...(id ? [{ label: 'Deliveries' }] : [])];
    default:
      return [{ label: readable(room) }];
  }
}

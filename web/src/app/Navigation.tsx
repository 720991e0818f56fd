import { useQuery } from '@tanstack/react-query';
import { Link, type LinkProps } from '@tanstack/react-router';

import { capital, gradingOf, shelves } from '../api/description';
import { frontendQuery } from '../api/rounds';
import type { Permission } from '../api/types';
import { helpLanguages } from '../rooms/help/sections';
import { useIncoming } from '../rooms/sources/useIncoming';
import { Icon, type IconName } from '../ui/Icon';
import { useHouse } from './house';
import { TenantSwitcher } from './TenantSwitcher';

export interface Place {
  label: string;
  icon: IconName;
  link: LinkProps;
}

/** The rooms this person may enter, in groups. The palette offers the same. */
export function usePlaces(): { name: string; places: Place[] }[] {
  const { app, can, hasChat, onlyChats, onlyWrites } = useHouse();
  const only = (permission: Permission, place: Place) => (can(permission) ? [place] : []);
  const hasDocuments = Object.values(app.assistants).some((it) => it.documents);
  const frontend = useQuery(frontendQuery).data;
  const hasHelp = frontend !== undefined && helpLanguages(frontend).length > 0;
  const grading = can('ask_questions') ? gradingOf(app) : [];
  const isArchived = Object.values(app.collections).some((it) => it.archived);
  const { seesSources, seesLookups } = useIncoming();
  const models: Place = { label: 'Models', icon: 'model', link: { to: '/models' } };
  return [
    {
      name: '',
      places: [
        ...(onlyChats || onlyWrites ? [] : [{ label: 'Overview', icon: 'home', link: { to: '/' } } satisfies Place]),
        ...(hasChat ? [{ label: 'Chat', icon: 'chat', link: { to: '/chat/{-$chat}', params: { chat: undefined } } } satisfies Place] : []),
        ...(Object.keys(app.questions).length > 0 ? only('ask_questions', { label: 'Questions', icon: 'ask', link: { to: '/questions/{-$conversation}', params: { conversation: undefined } } }) : []),
        ...(grading.length > 0
          ? ([
              { label: grading.length === 1 ? (grading[0]?.view.title ?? 'Write') : 'Write', icon: 'pen', link: { to: '/write' } },
              { label: 'Results', icon: 'history', link: { to: '/results' } },
            ] satisfies Place[])
          : []),
        ...(Object.keys(app.progress).length > 0 ? only('read_records', { label: 'Progress', icon: 'trend', link: { to: '/progress' } }) : []),
        ...(Object.values(app.collections).some((it) => it.searchable) ? only('read_records', { label: 'Search', icon: 'search', link: { to: '/find' } }) : []),
      ],
    },
    {
      name: 'Data',
      places: [
        ...(app.tenants ? only('list_tenants', { label: capital(app.tenants.plural), icon: 'building', link: { to: '/tenants' } }) : []),
        ...shelves(app).map((it): Place => ({ label: it.title, icon: it.view.versioned ? 'book' : 'file', link: { to: '/data/$collection', params: { collection: it.name } } })),
        ...(hasDocuments ? only('read_documents', { label: 'Documents', icon: 'pages', link: { to: '/documents' } }) : []),
      ],
    },
    {
      name: 'Work',
      places: [
        ...only('read_jobs', { label: 'Jobs', icon: 'jobs', link: { to: '/jobs' } }),
        ...(seesSources || seesLookups ? [{ label: 'Sources', icon: 'inflow', link: { to: '/sources' } } satisfies Place] : []),
        ...(app.schedules.length > 0 ? only('read_telemetry', { label: 'Schedules', icon: 'clock', link: { to: '/schedules' } }) : []),
        ...(isArchived ? only('read_records', { label: 'Archives', icon: 'box', link: { to: '/archives' } }) : []),
        ...(can('read_usage') || can('use_models') ? [models] : []),
        ...only('read_usage', { label: 'Usage', icon: 'usage', link: { to: '/usage' } }),
        ...only('read_audit', { label: 'Audit', icon: 'audit', link: { to: '/audit' } }),
      ],
    },
    {
      name: 'System',
      places: [
        ...only('manage_users', { label: 'Users', icon: 'users', link: { to: '/users' } }),
        ...only('manage_keys', { label: 'Keys', icon: 'key', link: { to: '/keys' } }),
        ...only('manage_webhooks', { label: 'Webhooks', icon: 'hook', link: { to: '/webhooks' } }),
        ...only('manage_configuration', { label: 'Configuration', icon: 'sliders', link: { to: '/configuration' } }),
        ...(app.has_deprecations ? only('read_telemetry', { label: 'Old paths', icon: 'link', link: { to: '/deprecations' } }) : []),
        ...only('read_internals', { label: 'Prompts', icon: 'prompt', link: { to: '/prompts' } }),
        ...only('read_internals', { label: 'Logs', icon: 'logs', link: { to: '/logs' } }),
        ...(hasHelp ? [{ label: 'Help', icon: 'bulb', link: { to: '/help' } } satisfies Place] : []),
        { label: 'About', icon: 'about', link: { to: '/about' } },
      ],
    },
  ];
}

export function Navigation() {
  const { app, me } = useHouse();
  const groups = usePlaces();
  return (
    <div className="nav">
      <div className="nav__title">
        <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="var(--accent)" />
          <path d="M16 5v22M16 5 6 24h20L16 5" fill="none" stroke="var(--on-accent)" strokeWidth="2.4" strokeLinejoin="round" strokeLinecap="round" />
        </svg>
        <span className="cut">{app.title}</span>
      </div>
      {app.tenants && me.reaches === 'all' && <TenantSwitcher />}
      <nav aria-label="Main" className="nav__groups">
        {groups.map((group) => (
          <div key={group.name} className="nav__group">
            {group.name && <h2 className="nav__name">{group.name}</h2>}
            <ul>
              {group.places.map((place) => (
                <li key={place.label}>
                  <Link {...place.link} className="nav__link" activeOptions={{ exact: place.link.to === '/', includeSearch: false }}>
                    <Icon name={place.icon} />
                    <span className="cut">{place.label}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
    </div>
  );
}

/** All addresses of the interface. Each room is loaded when it is first entered. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, retainSearchParams } from '@tanstack/react-router';

import { session } from '../api/session';
import { Faulty, NotFound, Pending } from './fallback';
import { Root } from './Root';

/** Keeps the named texts of an address and nothing else. */
function texts<K extends string>(...names: K[]) {
  return (search: Record<string, unknown>): Partial<Record<K, string>> => {
    const kept: Partial<Record<K, string>> = {};
    for (const name of names) {
      const value = search[name];
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') kept[name] = String(value);
    }
    return kept;
  };
}

/** Keeps the named whole numbers of an address: places in a text. */
function places<K extends string>(...names: K[]) {
  return (search: Record<string, unknown>): Partial<Record<K, number>> => {
    const kept: Partial<Record<K, number>> = {};
    for (const name of names) {
      const value = Number(search[name] ?? Number.NaN);
      if (Number.isSafeInteger(value) && value >= 0) kept[name] = value;
    }
    return kept;
  };
}

/** A list in an address: what is searched for, how it is narrowed. */
function listed(search: Record<string, unknown>): { q?: string; deleted?: boolean; by?: Record<string, string> } {
  const by = typeof search.by === 'object' && search.by !== null ? Object.entries(search.by).filter((it): it is [string, string] => typeof it[1] === 'string') : [];
  return {
    ...texts('q')(search),
    ...(search.deleted === true ? { deleted: true } : {}),
    ...(by.length > 0 ? { by: Object.fromEntries(by) } : {}),
  };
}

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: Faulty,
  validateSearch: texts('tenant'),
  search: { middlewares: [retainSearchParams(['tenant'])] },
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: texts('next'),
  component: lazyRouteComponent(() => import('../rooms/access/SignInPage')),
});

const signUp = createRoute({
  getParentRoute: () => root,
  path: '/sign-up',
  validateSearch: texts('next'),
  component: lazyRouteComponent(() => import('../rooms/access/SignUpPage')),
});

const house = createRoute({
  getParentRoute: () => root,
  id: 'house',
  beforeLoad: ({ location }) => {
    if (!session.isSignedIn) throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href } });
  },
  component: lazyRouteComponent(() => import('./Shell')),
});

const rooms = [
  createRoute({ getParentRoute: () => house, path: '/', component: lazyRouteComponent(() => import('../rooms/overview/OverviewPage')) }),
  createRoute({
    getParentRoute: () => house,
    path: '/find',
    validateSearch: texts('q', 'collection'),
    component: lazyRouteComponent(() => import('../rooms/search/SearchPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/tenants',
    validateSearch: listed,
    component: lazyRouteComponent(() => import('../rooms/tenants/TenantsPage')),
  }),
  createRoute({ getParentRoute: () => house, path: '/tenants/$id', component: lazyRouteComponent(() => import('../rooms/tenants/TenantPage')) }),
  createRoute({
    getParentRoute: () => house,
    path: '/data/$collection',
    validateSearch: (search: Record<string, unknown>) => ({ ...listed(search), ...texts('view', 'on', 'month', 'each', 'part')(search) }),
    component: lazyRouteComponent(() => import('../rooms/records/CollectionPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/data/$collection/import',
    validateSearch: texts('job'),
    component: lazyRouteComponent(() => import('../rooms/imports/ImportPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/records/$record',
    validateSearch: (search: Record<string, unknown>) => ({
      ...listed(search),
      ...texts('tab', 'version', 'from', 'to', 'status', 'category', 'task', 'item', 'kind')(search),
    }),
    component: lazyRouteComponent(() => import('../rooms/records/RecordPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/records/$record/change',
    validateSearch: texts('job'),
    component: lazyRouteComponent(() => import('../rooms/imports/ChangePage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/chat/{-$chat}',
    validateSearch: texts('assistant', 'record'),
    component: lazyRouteComponent(() => import('../rooms/chat/ChatPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/documents',
    validateSearch: texts('q', 'mode', 'state', 'tag', 'unbound'),
    component: lazyRouteComponent(() => import('../rooms/documents/DocumentsPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/documents/$document',
    validateSearch: places('from', 'to', 'page'),
    component: lazyRouteComponent(() => import('../rooms/documents/DocumentPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/questions/{-$conversation}',
    validateSearch: texts('about', 'language'),
    component: lazyRouteComponent(() => import('../rooms/questions/QuestionsPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/question-performance',
    validateSearch: texts('answered'),
    component: lazyRouteComponent(() => import('../rooms/questions/PerformancePage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/write',
    validateSearch: texts('task', 'previous'),
    component: lazyRouteComponent(() => import('../rooms/results/WritePage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/results',
    validateSearch: texts('task', 'of'),
    component: lazyRouteComponent(() => import('../rooms/results/ResultsPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/results/$result',
    validateSearch: texts('tab'),
    component: lazyRouteComponent(() => import('../rooms/results/ResultPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/progress',
    validateSearch: texts('progress', 'of', 'each', 'from', 'to'),
    component: lazyRouteComponent(() => import('../rooms/progress/ProgressPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/sources',
    validateSearch: texts('tab', 'kind', 'pattern', 'tag', 'lookup'),
    component: lazyRouteComponent(() => import('../rooms/sources/SourcesPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/sources/$source',
    validateSearch: texts('tab', 'run'),
    component: lazyRouteComponent(() => import('../rooms/sources/SourcePage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/schedules',
    validateSearch: texts('schedule'),
    component: lazyRouteComponent(() => import('../rooms/schedules/SchedulesPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/archives',
    validateSearch: texts('collection', 'archive'),
    component: lazyRouteComponent(() => import('../rooms/archives/ArchivesPage')),
  }),
  createRoute({ getParentRoute: () => house, path: '/deprecations', component: lazyRouteComponent(() => import('../rooms/deprecations/DeprecationsPage')) }),
  createRoute({ getParentRoute: () => house, path: '/configuration', component: lazyRouteComponent(() => import('../rooms/configuration/ConfigurationPage')) }),
  createRoute({
    getParentRoute: () => house,
    path: '/configuration/$document',
    validateSearch: texts('tab'),
    component: lazyRouteComponent(() => import('../rooms/configuration/DocumentPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/help',
    validateSearch: texts('language'),
    component: lazyRouteComponent(() => import('../rooms/help/HelpPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/jobs',
    validateSearch: texts('state', 'kind'),
    component: lazyRouteComponent(() => import('../rooms/jobs/JobsPage')),
  }),
  createRoute({ getParentRoute: () => house, path: '/jobs/$job', component: lazyRouteComponent(() => import('../rooms/jobs/JobPage')) }),
  createRoute({
    getParentRoute: () => house,
    path: '/audit',
    validateSearch: texts('action', 'actor', 'record', 'from', 'to'),
    component: lazyRouteComponent(() => import('../rooms/audit/AuditPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/models',
    validateSearch: texts('tab'),
    component: lazyRouteComponent(() => import('../rooms/models/ModelsPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/usage',
    validateSearch: texts('from', 'to', 'each', 'operation', 'model', 'outcome', 'key', 'task'),
    component: lazyRouteComponent(() => import('../rooms/usage/UsagePage')),
  }),
  createRoute({ getParentRoute: () => house, path: '/webhooks', component: lazyRouteComponent(() => import('../rooms/webhooks/WebhooksPage')) }),
  createRoute({ getParentRoute: () => house, path: '/webhooks/$webhook', component: lazyRouteComponent(() => import('../rooms/webhooks/WebhookPage')) }),
  createRoute({ getParentRoute: () => house, path: '/users', component: lazyRouteComponent(() => import('../rooms/access/UsersPage')) }),
  createRoute({ getParentRoute: () => house, path: '/keys', component: lazyRouteComponent(() => import('../rooms/access/KeysPage')) }),
  createRoute({
    getParentRoute: () => house,
    path: '/sessions',
    validateSearch: texts('user'),
    component: lazyRouteComponent(() => import('../rooms/access/SessionsPage')),
  }),
  createRoute({ getParentRoute: () => house, path: '/account', component: lazyRouteComponent(() => import('../rooms/access/AccountPage')) }),
  createRoute({
    getParentRoute: () => house,
    path: '/prompts',
    validateSearch: texts('name'),
    component: lazyRouteComponent(() => import('../rooms/settings/PromptsPage')),
  }),
  createRoute({
    getParentRoute: () => house,
    path: '/logs',
    validateSearch: texts('level', 'q'),
    component: lazyRouteComponent(() => import('../rooms/settings/LogsPage')),
  }),
  createRoute({ getParentRoute: () => house, path: '/about', component: lazyRouteComponent(() => import('../rooms/settings/AboutPage')) }),
] as const;

export const router = createRouter({
  routeTree: root.addChildren([signIn, signUp, house.addChildren(rooms)]),
  defaultPreload: 'intent',
  defaultPendingComponent: Pending,
  defaultErrorComponent: Faulty,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
  scrollToTopSelectors: ['#main'],
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

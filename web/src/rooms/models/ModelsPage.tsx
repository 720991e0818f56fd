/** The models this house can ask: how they do, a place to try them, what may be spent, who waits. */
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';

import type { Permission } from '../../api/types';
import { useHouse } from '../../app/house';
import { Empty, Skeleton } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { TabLink } from '../../ui/TabLink';
import { Playground } from './Playground';
import { ProvidersTab } from './ProvidersTab';
import { usePlayground } from './usePlayground';
import './models.css';

const BudgetsTab = lazy(() => import('./BudgetsTab'));
const LimitsTab = lazy(() => import('./LimitsTab'));
const route = getRouteApi('/house/models');

interface Tab {
  id: string;
  label: string;
  needs: Permission;
}

const TABS: Tab[] = [
  { id: 'providers', label: 'Providers', needs: 'read_usage' },
  { id: 'playground', label: 'Playground', needs: 'use_models' },
  { id: 'budgets', label: 'Budgets', needs: 'read_usage' },
  { id: 'limits', label: 'Limits and queue', needs: 'read_telemetry' },
];

export default function ModelsPage() {
  const { can } = useHouse();
  const { tab: chosen } = route.useSearch();
  const tools = usePlayground();
  const tabs = TABS.filter((it) => can(it.needs));
  const tab = tabs.find((it) => it.id === chosen) ?? tabs[0];

  return (
    <Page
      fill={tab?.id === 'playground'}
      title="Models"
      about="One door to every model: who answers, how they do, and what may be spent on them."
      actions={
        can('read_usage') && (
          <Link to="/usage" className="button">
            <Icon name="usage" /> What was spent
          </Link>
        )
      }
    >
      <nav className="tabs" aria-label="Parts of this room">
        {tabs.map((it, index) => (
          <TabLink key={it.id} label={it.label} link={{ to: '/models', search: index === 0 ? {} : { tab: it.id } }} isCurrent={it === tab} />
        ))}
      </nav>
      <Suspense fallback={<Skeleton lines={6} />}>
        {!tab && (
          <Empty icon="lock" title="Nothing here for you">
            Your role neither asks models nor sees what they cost.
          </Empty>
        )}
        {tab?.id === 'providers' && <ProvidersTab />}
        {tab?.id === 'playground' && <Playground tools={tools} />}
        {tab?.id === 'budgets' && <BudgetsTab />}
        {tab?.id === 'limits' && <LimitsTab />}
      </Suspense>
    </Page>
  );
}

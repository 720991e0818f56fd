/** Makes a budget, or changes one. A budget of the settings that is changed here is covered by this one. */
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';

import { answer, api } from '../../api/client';
import { capital } from '../../api/description';
import { asFault } from '../../api/problem';
import { keysQuery, modelNamesQuery } from '../../api/queries';
import type { BudgetStanding } from '../../api/types';
import { useHouse } from '../../app/house';
import { TenantPicker } from '../../app/TenantSwitcher';
import { Button } from '../../ui/Button';
import { Combobox } from '../../ui/Combobox';
import { Dialog } from '../../ui/Dialog';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { Note } from '../../ui/Note';
import { toast } from '../../ui/Toast';
import { type BudgetScope, type Draft, draftOf, type Faults, faultsIn, FIELDS, wanted } from './budgets';
import { namesFor } from './names';

interface Props {
  /** Null makes a new one. */
  budget: BudgetStanding | null;
  /** Names that are in use. */
  taken: string[];
  onClose: () => void;
}

export function BudgetForm({ budget, taken, onClose }: Props) {
  const { app } = useHouse();
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft>(() => draftOf(budget));
  const [faults, setFaults] = useState<Faults>({});
  const [refused, setRefused] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const set = (next: Partial<Draft>) => {
    setDraft((now) => ({ ...now, ...next }));
    setFaults((now) => Object.fromEntries(Object.entries(now).filter(([field]) => !(field in next))));
  };

  const save = async (event: FormEvent) => {
    event.preventDefault();
    const found = faultsIn(draft);
    if (!budget && !found.name && taken.includes(draft.name.trim())) found.name = 'There is a budget of this name: change that one.';
    setFaults(found);
    setRefused(null);
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try {
      await answer(api.PUT('/api/budgets/{budget}', { params: { path: { budget: draft.name.trim() } }, body: wanted(draft) }));
      void client.invalidateQueries({ queryKey: ['budgets'] });
      toast('Saved.', 'good');
      onClose();
    } catch (thrown) {
      const told = asFault(thrown).fields.map(({ field, message, hint }) => [FIELDS[field.replace(/^\//, '')], hint ? `${message} ${hint}` : message] as const);
      setFaults(Object.fromEntries(told.filter(([field]) => field)));
      if (told.length === 0 || told.some(([field]) => !field)) setRefused(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Dialog open onClose={onClose} title={budget ? `Change “${budget.name}”` : 'New budget'}>
      <form className="form" noValidate onSubmit={(event) => void save(event)}>
        {budget && !budget.is_set && <Note>It stands in the settings. What you save here holds instead of it, until it is removed here.</Note>}
        {!budget && (
          <Field label="Name" required fault={faults.name}>
            {(wiring) => <input {...wiring} className="input" autoFocus value={draft.name} onChange={(event) => set({ name: event.target.value })} />}
          </Field>
        )}
        <div className="form__two">
          <Field label="Counts the spending of" fault={faults.scope}>
            {(wiring) => (
              <select {...wiring} className="input" value={draft.scope} onChange={(event) => set({ scope: event.target.value as BudgetScope, match: '' })}>
                <option value="whole">the whole house</option>
                {app.tenants && <option value="tenant">each {app.tenants.noun}</option>}
                <option value="key">each key</option>
                <option value="task">each task</option>
              </select>
            )}
          </Field>
          {draft.scope !== 'whole' && (
            <Field label={draft.scope === 'tenant' ? capital(app.tenants?.noun ?? 'tenant') : capital(draft.scope)} hint="Left empty, each has a limit of its own." fault={faults.match}>
              {(wiring) => <MatchPicker {...wiring} scope={draft.scope} value={draft.match} onChange={(match) => set({ match })} />}
            </Field>
          )}
        </div>
        <div className="form__two">
          <Field label={draft.unit === 'usd' ? 'Limit in dollars' : 'Limit in tokens'} required fault={faults.limit}>
            {(wiring) => <input {...wiring} className="input" inputMode="decimal" value={draft.limit} onChange={(event) => set({ limit: event.target.value })} />}
          </Field>
          <Field label="Counted in">
            {(wiring) => (
              <select {...wiring} className="input" value={draft.unit} onChange={(event) => set({ unit: event.target.value as Draft['unit'], limit: '' })}>
                <option value="usd">dollars</option>
                <option value="tokens">tokens</option>
              </select>
            )}
          </Field>
          <Field label="Begins anew each" fault={faults.period}>
            {(wiring) => (
              <select {...wiring} className="input" value={draft.period} onChange={(event) => set({ period: event.target.value as Draft['period'] })}>
                <option value="day">day</option>
                <option value="month">month</option>
              </select>
            )}
          </Field>
          <Field label="Warns at, in percent" fault={faults.warnAt}>
            {(wiring) => <input {...wiring} className="input" inputMode="decimal" value={draft.warnAt} onChange={(event) => set({ warnAt: event.target.value })} />}
          </Field>
        </div>
        <div className="form__two">
          <Field label="At the limit" fault={faults.atLimit}>
            {(wiring) => (
              <select {...wiring} className="input" value={draft.atLimit} onChange={(event) => set({ atLimit: event.target.value as Draft['atLimit'] })}>
                <option value="refuse">refuse</option>
                <option value="downgrade">ask a cheaper model</option>
              </select>
            )}
          </Field>
          {draft.atLimit === 'downgrade' && (
            <Field label="The cheaper model" required hint="Its requests go on beyond the limit." fault={faults.downgradeTo}>
              {(wiring) => <ModelPicker {...wiring} value={draft.downgradeTo} onChange={(downgradeTo) => set({ downgradeTo })} />}
            </Field>
          )}
        </div>
        {draft.unit === 'usd' && <p className="quiet">Models without a price cost an unknown amount, which a budget of dollars does not see.</p>}
        <ErrorNote error={refused} />
        <div className="row row--end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="main" type="submit" busy={busy}>
            Save budget
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

type PickerProps = Parameters<Parameters<typeof Field>[0]['children']>[0] & { value: string; onChange: (value: string) => void };

function MatchPicker({ scope, value, onChange, ...wiring }: PickerProps & { scope: BudgetScope }) {
  const { app, can } = useHouse();
  const client = useQueryClient();
  if (scope === 'tenant') return <TenantPicker {...wiring} label={app.tenants?.noun ?? 'tenant'} none={`Each ${app.tenants?.noun ?? 'tenant'}`} value={value || null} onChange={(it) => onChange(it ?? '')} />;
  const find = async (text: string) => {
    const all =
      scope === 'task'
        ? Object.entries(app.tasks).map(([id, task]) => ({ id, label: task.title, note: id }))
        : can('manage_keys')
          ? (await client.fetchQuery(keysQuery())).items.filter((it) => !it.revoked_at).map((it) => ({ id: it.id, label: it.name, note: `${it.prefix}…` }))
          : [];
    const typed = text.trim();
    const found = all.filter((it) => `${it.label} ${it.id}`.toLowerCase().includes(typed.toLowerCase()));
    return typed && !all.some((it) => it.id === typed) ? [...found, { id: typed, label: typed, note: 'as typed' }] : found;
  };
  return <Combobox {...wiring} label={capital(scope)} value={value || null} none={`Each ${scope}`} placeholder={`Each ${scope}`} listKey={['budget', scope]} find={find} onChange={(option) => onChange(option?.id ?? '')} />;
}

function ModelPicker({ value, onChange, ...wiring }: PickerProps) {
  const { can, tenant } = useHouse();
  const client = useQueryClient();
  const find = async (text: string) => {
    const names = can('use_models') ? await client.ensureQueryData(modelNamesQuery(tenant)).catch(() => []) : [];
    // A budget leads to one model of one provider, not to a name for several.
    return namesFor(text, names.filter((it) => it.id.includes('/')));
  };
  return <Combobox {...wiring} label="The cheaper model" value={value || null} placeholder="provider/model" listKey={['budget', 'model', tenant]} find={find} onChange={(option) => onChange(option?.id ?? '')} />;
}

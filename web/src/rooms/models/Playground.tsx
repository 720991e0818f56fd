/** Asks a model as programs do, through the gateway, and shows what came of it while it comes. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { modelNamesQuery } from '../../api/queries';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Combobox } from '../../ui/Combobox';
import { Composer } from '../../ui/Composer';
import { Empty } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { Field } from '../../ui/Field';
import { useFollowing } from '../../ui/following';
import { useShortcuts } from '../../ui/Shortcuts';
import { Said } from './Said';
import { firstOf, namesFor } from './names';
import type { Playground as Tools } from './usePlayground';

export function Playground({ tools }: { tools: Tools }) {
  const { tenant } = useHouse();
  const names = useQuery(modelNamesQuery(tenant));
  const model = tools.settings.model || firstOf(names.data ?? []);
  const last = tools.exchanges.at(-1);
  useShortcuts(tools.isAnswering ? [{ keys: 'Escape', about: 'Stop the answer', run: tools.stop }] : []);
  const box = useFollowing(last?.id, last);

  return (
    <div className="playground">
      <section className="card playground__talk" aria-label="Conversation">
        {/* A region that scrolls must be reachable by keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div ref={box} className="playground__said" tabIndex={0} role="region" aria-label="What was said">
          <ErrorNote error={names.error} retry={() => void names.refetch()} />
          {tools.exchanges.length === 0 && !names.error && (
            <Empty icon="prompt" title="Ask a model">
              It goes through the gateway as a program’s question would: limits, budgets and fallbacks hold, and it is counted in the usage.
            </Empty>
          )}
          {tools.exchanges.map((it) => (
            <Said key={it.id} exchange={it} again={it === last && !tools.isAnswering ? tools.again : undefined} />
          ))}
        </div>
        <div className="playground__ask">
          <Composer canAsk={model !== ''} isAnswering={tools.isAnswering} onAsk={(text) => tools.ask(text, model)} onStop={tools.stop}>
            {tools.exchanges.length > 0 && (
              <Button kind="plain" icon="close" onClick={tools.clear}>
                Clear
              </Button>
            )}
          </Composer>
        </div>
      </section>
      <SettingsPanel tools={tools} model={model} />
    </div>
  );
}

/** Beside the conversation where there is room; above it, folded, where there is not. */
function SettingsPanel({ tools: { settings, set }, model }: { tools: Tools; model: string }) {
  const { tenant } = useHouse();
  const client = useQueryClient();
  const [open, setOpen] = useState(() => matchMedia('(min-width: 861px)').matches);
  return (
    <details className="card playground__settings" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span>Settings</span>
        <code className="cut quiet">{model}</code>
      </summary>
      <div className="form playground__form">
        <Field label="Model" hint="A priority, an alias, or provider/model: what is not listed can be typed.">
          {(wiring) => (
            <Combobox
              {...wiring}
              label="Model"
              value={model || null}
              placeholder="Choose a model"
              listKey={['model names', tenant]}
              find={async (text) => namesFor(text, await client.ensureQueryData(modelNamesQuery(tenant)).catch(() => []))}
              onChange={(option) => option && set({ model: option.id })}
            />
          )}
        </Field>
        <Field label="System prompt">
          {(wiring) => <textarea {...wiring} className="input" rows={4} value={settings.system} onChange={(event) => set({ system: event.target.value })} />}
        </Field>
        <div className="form__two">
          <Field label="Temperature">
            {(wiring) => (
              <input {...wiring} className="input" type="number" min={0} max={2} step={0.1} placeholder="the model’s" value={settings.temperature} onChange={(event) => set({ temperature: event.target.value })} />
            )}
          </Field>
          <Field label="Max tokens">
            {(wiring) => <input {...wiring} className="input" type="number" min={1} step={1} placeholder="the model’s" value={settings.maxTokens} onChange={(event) => set({ maxTokens: event.target.value })} />}
          </Field>
        </div>
      </div>
    </details>
  );
}

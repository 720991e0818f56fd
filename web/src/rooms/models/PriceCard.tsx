/** What models cost, as the settings say it; the version of the table stands on each line of the ledger. */
import { useQuery } from '@tanstack/react-query';

import { pricesQuery } from '../../api/queries';
import type { ModelPrice } from '../../api/types';
import { Empty } from '../../ui/Empty';
import { dollars, number } from '../../ui/format';
import { Card } from '../../ui/Page';
import { ShortTable } from '../../ui/table/ShortTable';

interface Row extends Omit<ModelPrice, 'tiers'> {
  id: string;
  /** A tier holds for questions longer than this. */
  above: number | null;
}

export function PriceCard() {
  const prices = useQuery(pricesQuery);
  const rows = prices.data?.prices.flatMap(rowsOf);
  return (
    <Card title="Prices" aside={prices.data && <span className="quiet">version <code>{prices.data.version}</code></span>} flush>
      <ShortTable
        label="Prices"
        inCard
        query={{ ...prices, data: rows && { items: rows } }}
        columns={[
          {
            id: 'model',
            label: 'Model',
            cell: (it) => (
              <>
                <code>{it.model}</code>
                {it.above !== null && <span className="quiet"> above {number(it.above)} tokens</span>}
                {it.since && <span className="quiet"> since {it.since}</span>}
              </>
            ),
          },
          { id: 'in', label: 'Input', cell: (it) => dollars(it.input_per_million_usd) },
          { id: 'out', label: 'Output', cell: (it) => dollars(it.output_per_million_usd) },
          { id: 'cached', label: 'Cached input', cell: (it) => either(it.cached_per_million_usd, 'as input') },
          { id: 'written', label: 'Written to cache', cell: (it) => either(it.cache_written_per_million_usd, dearer(it)) },
          { id: 'written_1h', label: 'For an hour', cell: (it) => either(it.cache_written_1h_per_million_usd, dearer(it)) },
          { id: 'reasoning', label: 'Reasoning', cell: (it) => either(it.reasoning_per_million_usd, 'as output') },
          { id: 'heard', label: 'Audio input', cell: (it) => either(it.audio_input_per_million_usd, dearer(it)) },
          { id: 'said', label: 'Audio output', cell: (it) => either(it.audio_output_per_million_usd, dearer(it)) },
          { id: 'request', label: 'Each request', cell: (it) => (it.per_request_usd > 0 ? dollars(it.per_request_usd) : <span className="quiet">–</span>) },
          { id: 'search', label: 'Each web search', cell: (it) => either(it.per_web_search_usd, 'unknown') },
          { id: 'batch', label: 'In a batch', cell: (it) => share(it.batch_percent) },
          { id: 'flex', label: 'Flex', cell: (it) => share(it.flex_percent) },
          { id: 'priority', label: 'Priority', cell: (it) => share(it.priority_percent) },
        ]}
        empty={
          <Empty icon="usage" title="No prices">
            Without a price the cost of a model is unknown, and budgets of money do not see it. Prices stand in config/llm.yaml.
          </Empty>
        }
      />
      {rows && rows.length > 0 && <p className="quiet prices__unit">Dollars for a million tokens.</p>}
    </Card>
  );
}

function rowsOf({ tiers, ...price }: ModelPrice): Row[] {
  const id = `${price.model} ${price.since ?? ''}`;
  return [{ ...price, id, above: null }, ...tiers.map((tier) => ({ ...price, ...unknown, ...tier, id: `${id} ${tier.above_tokens}`, above: tier.above_tokens }))];
}

/** What tokens cost that cost more than others and have no price: nothing, where all are for nothing. */
function dearer(price: { input_per_million_usd: number; output_per_million_usd: number }) {
  return price.input_per_million_usd === 0 && price.output_per_million_usd === 0 ? 'nothing' : 'unknown';
}

/** What a tier does not say is not taken from its price. */
const unknown = { cache_written_1h_per_million_usd: undefined, audio_input_per_million_usd: undefined, audio_output_per_million_usd: undefined };

/** What an answer of this tier costs of the price. */
function share(percent: number | null | undefined) {
  return percent === null || percent === undefined ? <span className="quiet">unknown</span> : `${percent} %`;
}

function either(value: number | null | undefined, otherwise: string) {
  return value === null || value === undefined ? <span className="quiet">{otherwise}</span> : dollars(value);
}

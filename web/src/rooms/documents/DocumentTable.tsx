import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';

import { capital } from '../../api/description';
import { documentsQuery } from '../../api/queries';
import type { DocumentView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Badge } from '../../ui/Badge';
import { Choice } from '../../ui/Choice';
import { Empty } from '../../ui/Empty';
import { bytes, number } from '../../ui/format';
import { Time } from '../../ui/Time';
import type { Column } from '../../ui/table/DataTable';
import { type Pages, rowsOf } from '../../ui/table/cursor';
import { ListTable } from '../../ui/table/ListTable';
import { PersonName } from '../access/PersonName';
import { DocumentState, GoOnButton } from './DocumentState';
import { originWords } from './origin';
import { isOpen, STATES, stateWords } from './state';

export interface Listing {
  state?: string;
  tag?: string;
  unbound?: string;
}

const COLUMNS: Column<DocumentView>[] = [
  {
    id: 'title',
    label: 'Document',
    width: 270,
    grows: true,
    cell: (it) => (
      <>
        <Link to="/documents/$document" params={{ document: it.id }} className="cut" style={{ fontWeight: 540 }} title={it.title}>
          {it.title}
        </Link>
        {it.shared && <Badge tone="accent">Shared</Badge>}
        {it.chat && <Badge>In a chat</Badge>}
      </>
    ),
  },
  { id: 'state', label: 'State', width: 200, cell: (it) => <DocumentState document={it} /> },
  {
    id: 'words',
    label: 'What was found',
    width: 390,
    cell: (it) => (
      <>
        <span className={`cut grow ${it.state === 'failed' ? '' : 'soft'}`} title={stateWords(it)}>
          {stateWords(it)}
        </span>
        {it.state === 'failed' && <GoOnButton document={it} small />}
      </>
    ),
  },
  {
    id: 'tags',
    label: 'Tags',
    width: 150,
    cell: (it) => (
      <span className="cut" title={it.tags.join(', ')}>
        {it.tags.join(', ')}
      </span>
    ),
  },
  { id: 'origin', label: 'From', width: 150, cell: (it) => <span className="cut soft">{originWords(it)}</span> },
  { id: 'pages', label: 'Pages', width: 76, align: 'right', cell: (it) => (it.pages > 0 ? number(it.pages) : <span className="quiet">–</span>) },
  { id: 'size', label: 'Size', width: 90, align: 'right', cell: (it) => <span className="quiet">{bytes(it.size_bytes)}</span> },
  { id: 'owner', label: 'Owner', width: 140, cell: (it) => <PersonName id={it.owner} /> },
  { id: 'created', label: 'Added', width: 120, cell: (it) => <span className="quiet"><Time at={it.created_at} /></span> },
];

/** Seldom is a list so long that asking for all of it again would matter, and then it is asked less often. */
function beat(pages: Pages<DocumentView> | undefined): number | false {
  if (!rowsOf(pages).some(isOpen)) return false;
  return (pages?.pages.length ?? 0) > 2 ? 6_000 : 1_500;
}

/** All documents one may see, the newest first. */
export function DocumentTable({ listing, onListing }: { listing: Listing; onListing: (next: Listing) => void }) {
  const { tenant } = useHouse();
  const navigate = useNavigate();
  const state = STATES.find((it) => it === listing.state);
  const query = useInfiniteQuery({
    ...documentsQuery({ tenant, state, tag: listing.tag, unbound: listing.unbound === 'true' || undefined }),
    refetchInterval: ({ state }) => beat(state.data),
  });
  const rows = rowsOf(query.data);
  const tags = [...new Set([...(listing.tag ? [listing.tag] : []), ...rows.flatMap((it) => it.tags)])].sort();
  const isNarrowed = Boolean(listing.state ?? listing.tag ?? listing.unbound);

  return (
    <>
      <div className="toolbar">
        <Choice label="State" none="Any state" options={STATES} words={capital} value={state} onChange={(it) => onListing({ ...listing, state: it })} />
        <Choice label="Tag" none="Any tag" options={tags} words={(it) => it} value={listing.tag} onChange={(it) => onListing({ ...listing, tag: it })} />
        <label className="check">
          <input type="checkbox" checked={listing.unbound === 'true'} onChange={(event) => onListing({ ...listing, unbound: event.target.checked ? 'true' : undefined })} />
          Without those of chats
        </label>
      </div>
      <ListTable
        label="Documents"
        noun="document"
        plural="documents"
        columns={COLUMNS}
        query={query}
        onOpen={(it) => void navigate({ to: '/documents/$document', params: { document: it.id } })}
        empty={
          isNarrowed ? (
            <Empty icon="search" title="No documents match">
              Take a filter away.
            </Empty>
          ) : (
            <Empty icon="pages" title="No documents yet">
              What is put in here can be asked about: files, texts, pages of the web.
            </Empty>
          )
        }
      />
    </>
  );
}

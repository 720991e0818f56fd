/** The text of a document: read block by block, cut where its pages begin, with the passage an address names marked. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Fragment, useEffect, useMemo, useRef, useState } from 'react';

import { documentPagesQuery, documentTextQuery, TEXT_BLOCK } from '../../api/queries';
import type { DocumentView } from '../../api/types';
import { Button, IconButton } from '../../ui/Button';
import { Skeleton } from '../../ui/Empty';
import { ErrorNote } from '../../ui/ErrorNote';
import { number } from '../../ui/format';
import { Note } from '../../ui/Note';
import { Card } from '../../ui/Page';
import { announce } from '../../ui/Toast';
import { joined, pageAt, piecesOf, type Place, placeOf } from './passage';

interface Props {
  document: DocumentView;
  search: { from?: number; to?: number; page?: number };
}

export function DocumentText({ document, search }: Props) {
  const { from, to, page } = search;
  const place = useMemo(() => placeOf({ from, to }), [from, to]);
  const wantsPage = place === null && page !== undefined;
  const pages = useQuery({ ...documentPagesQuery(document.id), enabled: wantsPage });
  if (wantsPage && pages.isPending) {
    return (
      <Card title="Text">
        <Skeleton lines={8} />
      </Card>
    );
  }
  const start = place?.from ?? (wantsPage ? pages.data?.pages.find((it) => it.page === page)?.start_char : undefined) ?? 0;
  return <Read document={document} place={place} page={wantsPage ? (page ?? null) : null} block={Math.floor(Math.min(start, Math.max(0, document.chars - 1)) / TEXT_BLOCK)} />;
}

function Read({ document, place, page, block }: { document: DocumentView; place: Place | null; page: number | null; block: number }) {
  const navigate = useNavigate();
  const query = useInfiniteQuery(documentTextQuery(document.id, block));
  const parts = query.data?.pages;
  const whole = useMemo(() => joined(parts ?? []), [parts]);
  const pieces = useMemo(() => (whole ? piecesOf(whole, place) : []), [whole, place]);
  const isMarked = pieces.some((piece) => piece.runs.some((it) => it.isMarked));
  const shown = parts?.reduce((sum, it) => sum + it.to_char - it.from_char, 0) ?? 0;
  const card = useRef<HTMLDivElement>(null);

  // A passage may end in the next block. Only one more: an address may name any length.
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const last = parts?.at(-1);
  const isCut = place !== null && parts?.length === 1 && last !== undefined && place.to > last.to_char && hasNextPage && !isFetchNextPageError;
  useEffect(() => {
    if (isCut && !isFetchingNextPage) void fetchNextPage();
  }, [isCut, isFetchingNextPage, fetchNextPage]);

  // Not before all of it is there: what comes below decides how far one can scroll.
  const goal = place && isMarked && !isCut ? `mark ${place.from} ${place.to}` : page !== null && pieces.some((it) => it.page === page) ? `page ${page}` : null;
  const onPage = place && whole ? pageAt(whole.pages, place.from) : null;
  useEffect(() => {
    if (!goal) return undefined;
    // After the router, which scrolls to the top of a page that was just entered.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => {
        goTo(card.current);
        announce(goal.startsWith('mark') ? `The passage is marked${onPage === null ? '' : `, on page ${onPage}`}.` : `Page ${page}.`);
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [goal, onPage, page]);

  const away = () => void navigate({ to: '/documents/$document', params: { document: document.id }, search: (now) => ({ tenant: now.tenant }), replace: true, resetScroll: false });
  return (
    <div ref={card} className="text">
      <Card
        title="Text"
        aside={
          <>
            {place && isMarked && (
              <span className="row" style={{ flexWrap: 'nowrap', gap: 2 }}>
                <Button small icon="down" onClick={() => goTo(card.current)}>
                  {onPage === null ? 'To the passage' : `To the passage, page ${onPage}`}
                </Button>
                <IconButton small icon="close" label="Take the mark away" onClick={away} />
              </span>
            )}
            {whole && whole.pages.length > 1 && <PageJump key={page ?? 0} document={document.id} page={page} pages={whole.pages.map((it) => it.page)} />}
          </>
        }
      >
        {query.isPending ? (
          <Skeleton lines={12} />
        ) : query.isError && !whole ? (
          <ErrorNote error={query.error} retry={() => void query.refetch()} />
        ) : (
          <>
            {place && !isMarked && !isCut && <Note tone="warn">The passage is not here: the text has {number(document.chars)} characters and ends before it.</Note>}
            {page !== null && goal === null && <Note tone="warn">There is no page {page} in this document.</Note>}
            {query.hasPreviousPage && (
              <Button small icon="up" busy={query.isFetchingPreviousPage} onClick={() => void query.fetchPreviousPage()}>
                Show what comes before
              </Button>
            )}
            {pieces.map((piece, at) => (
              <Fragment key={`${piece.page ?? ''}@${piece.start}`}>
                {piece.page !== null && (
                  <h3 className="text__page" tabIndex={-1} {...(piece.page === page ? { 'data-goal': '' } : {})}>
                    Page {piece.page}
                  </h3>
                )}
                {piece.runs.some((it) => it.text.trim()) ? (
                  <div className="text__piece">
                    {piece.runs.map((run, index) =>
                      run.isMarked ? (
                        <mark key={index} className="text__mark" tabIndex={-1} data-goal="">
                          {run.text}
                        </mark>
                      ) : (
                        // What parts two pages is shown as a line, not as room.
                        <Fragment key={index}>{at < pieces.length - 1 && index === piece.runs.length - 1 ? run.text.trimEnd() : run.text}</Fragment>
                      ),
                    )}
                  </div>
                ) : (
                  piece.page !== null && <p className="quiet">No text on this page.</p>
                )}
              </Fragment>
            ))}
            <ErrorNote error={query.error} />
            {hasNextPage && (
              <div className="row">
                <Button small icon="down" busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                  Show more
                </Button>
                <span className="quiet">
                  {number(shown)} of {number(document.chars)} characters
                </span>
              </div>
            )}
          </>
        )}
      </Card>
    </div>
  );
}

/** Scrolls to the first thing that an address asked for, and puts the keyboard there. */
function goTo(inside: HTMLElement | null): void {
  const goal = inside?.querySelector<HTMLElement>('[data-goal]');
  goal?.scrollIntoView({ block: 'start' });
  goal?.focus({ preventScroll: true });
}

function PageJump({ document, page, pages }: { document: string; page: number | null; pages: number[] }) {
  const navigate = useNavigate();
  const [text, setText] = useState(page === null ? '' : String(page));
  const wanted = Number(text);
  return (
    <form
      className="row"
      style={{ flexWrap: 'nowrap', gap: 4 }}
      onSubmit={(event) => {
        event.preventDefault();
        if (pages.includes(wanted)) void navigate({ to: '/documents/$document', params: { document }, search: (now) => ({ tenant: now.tenant, page: wanted }), resetScroll: false });
      }}
    >
      <input className="input input--small text__jump" type="number" min={pages[0]} max={pages.at(-1)} aria-label="Page to go to" placeholder={`of ${pages.length}`} value={text} onChange={(event) => setText(event.target.value)} />
      <Button small type="submit" disabled={text !== '' && !pages.includes(wanted)}>
        Go to page
      </Button>
    </form>
  );
}

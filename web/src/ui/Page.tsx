import { type ReactNode, useEffect } from 'react';

interface Props {
  title: string;
  /** What the browser's tab says; the title when left out. */
  tab?: string;
  about?: ReactNode;
  actions?: ReactNode;
  /** The page is as high as the window and a table in it scrolls. */
  fill?: boolean;
  children: ReactNode;
}

/** A page: its title, what can be done here, its content. */
export function Page({ title, tab, about, actions, fill = false, children }: Props) {
  useEffect(() => {
    const whole = document.querySelector('meta[name="application-name"]')?.getAttribute('content') ?? 'Mainstay';
    document.title = `${tab ?? title} · ${whole}`;
  }, [tab, title]);
  return (
    <div className={`page ${fill ? 'page--fill' : ''}`}>
      <header className="page__head">
        <div className="grow">
          <h1 className="wrap">{title}</h1>
          {about && <div className="page__about">{about}</div>}
        </div>
        {actions && <div className="page__actions row">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

export function Card({ title, aside, flush = false, children }: { title?: ReactNode; aside?: ReactNode; flush?: boolean; children: ReactNode }) {
  return (
    <section className="card">
      {title && (
        <div className="card__head">
          <h2 className="grow wrap">{title}</h2>
          {aside}
        </div>
      )}
      <div className={`card__body ${flush ? 'card__body--flush' : ''}`}>{children}</div>
    </section>
  );
}

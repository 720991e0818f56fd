import type { ReactNode } from 'react';
import './access.css';

/** What stands before the house: a card in the middle of the window. */
export function Door({ title, onSubmit, children }: { title: string; onSubmit: () => void; children: ReactNode }) {
  return (
    <main className="door">
      <form
        className="card door__card"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <svg viewBox="0 0 32 32" width="40" height="40" aria-hidden="true">
          <rect width="32" height="32" rx="7" fill="var(--accent)" />
          <path d="M16 5v22M16 5 6 24h20L16 5" fill="none" stroke="var(--on-accent)" strokeWidth="2.4" strokeLinejoin="round" strokeLinecap="round" />
        </svg>
        <h1>{title}</h1>
        {children}
      </form>
    </main>
  );
}

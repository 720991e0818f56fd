/** What could be chosen next, as chips; nothing where nothing is suggested. */
export function Suggestions({ of, label, lang, onChoose }: { of: readonly string[]; label?: string; lang?: string; onChoose: (text: string) => void }) {
  if (of.length === 0) return null;
  return (
    <ul className="suggestions" aria-label={label}>
      {of.map((it) => (
        <li key={it}>
          <button type="button" className="suggestion" lang={lang} onClick={() => onChoose(it)}>
            {it}
          </button>
        </li>
      ))}
    </ul>
  );
}

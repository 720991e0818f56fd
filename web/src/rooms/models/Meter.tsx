interface Props {
  label: string;
  /** What it says, in words. */
  words: string;
  /** Shares of the whole: 1 is all of it. */
  used: number;
  held?: number;
  mark?: number;
  tone: 'good' | 'warn' | 'bad';
}

/** How much of something is used: a bar, what is held beyond that in a lighter colour, a mark where it warns. */
export function Meter({ label, words, used, held = 0, mark, tone }: Props) {
  const share = (value: number) => `${Math.max(0, Math.min(1, value)) * 100}%`;
  return (
    <div className="meter" role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.min(100, Math.round(used * 100))} aria-valuetext={words}>
      {held > 0 && <span className="meter__held" style={{ width: share(used + held) }} />}
      {used > 0 && <span className={`meter__fill meter__fill--${tone}`} style={{ width: share(used) }} />}
      {mark !== undefined && mark < 1 && <span className="meter__mark" style={{ left: share(mark) }} />}
    </div>
  );
}

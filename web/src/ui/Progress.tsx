/** How far a job is: 0 to 100. */
export function Progress({ value, label, tone }: { value: number; label: string; tone?: 'good' | 'bad' }) {
  const percent = Math.max(0, Math.min(100, Math.round(value)));
  return (
    <span
      className={`progress ${tone ? `progress--${tone}` : ''}`}
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <span style={{ width: `${percent}%` }} />
    </span>
  );
}

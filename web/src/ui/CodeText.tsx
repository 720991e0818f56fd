import type { Json } from '../api/types';
import { IconButton } from './Button';
import { toast } from './Toast';

/** Text of machines: JSON, templates, logs. */
export function CodeText({ children, label }: { children: string; label: string }) {
  return (
    // A region that scrolls must be reachable by keyboard.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <pre className="code" tabIndex={0} role="region" aria-label={label}>
      {children}
    </pre>
  );
}

export function JsonText({ value, label }: { value: Json | undefined; label: string }) {
  return <CodeText label={label}>{JSON.stringify(value, null, 2) ?? ''}</CodeText>;
}

/** A secret that is shown once, with a button that copies it. */
export function Secret({ value, label }: { value: string; label: string }) {
  return (
    <div className="secret">
      <code data-secret aria-label={label}>
        {value}
      </code>
      <CopyButton text={value} label={`Copy ${label}`} />
    </div>
  );
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  return <IconButton icon="copy" label={label} small onClick={() => void copy(text)} />;
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toast('Copied.', 'good');
  } catch {
    // Without a secure origin there is no clipboard; the text can still be selected.
    toast('The browser does not allow copying here: select the text and copy it by hand.', 'bad');
  }
}

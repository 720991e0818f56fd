import { useRef, useState } from 'react';

import { bytes } from '../../ui/format';
import { Icon } from '../../ui/Icon';

interface Props {
  formats: string[];
  maxBytes: number;
  maxRows: number;
  file: File | null;
  onFile: (file: File) => void;
}

/** Takes a file, dropped or chosen. */
export function DropZone({ formats, maxBytes, maxRows, file, onFile }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  return (
    // A file may be dropped anywhere in it; whoever uses no pointer has the button.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <div
      role="group"
      aria-label="File to read"
      className={`drop ${over ? 'drop--over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const dropped = event.dataTransfer.files[0];
        if (dropped) onFile(dropped);
      }}
    >
      <Icon name={file ? 'file' : 'upload'} size={26} />
      {file ? (
        <p>
          <strong className="wrap">{file.name}</strong> <span className="quiet">{bytes(file.size)}</span>
        </p>
      ) : (
        <p>Drop a file here</p>
      )}
      <button type="button" className="button" onClick={() => input.current?.click()}>
        {file ? 'Choose another file' : 'Choose a file'}
      </button>
      <p className="quiet">
        {formats.map((it) => it.toUpperCase()).join(', ')} · up to {bytes(maxBytes)} and {maxRows.toLocaleString('en')} rows
      </p>
      <input
        ref={input}
        type="file"
        className="unseen"
        tabIndex={-1}
        aria-label="File"
        accept={formats.map((it) => `.${it}`).join(',')}
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          if (chosen) onFile(chosen);
          event.target.value = '';
        }}
      />
    </div>
  );
}

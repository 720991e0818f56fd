import { download } from '../../api/client';
import { readable, titleOf } from '../../api/description';
import type { RecordView, VersionView } from '../../api/types';
import { useHouse } from '../../app/house';
import { Button } from '../../ui/Button';
import { Menu } from '../../ui/Menu';
import { toastFault } from '../../ui/Toast';
import { useSearch } from '@tanstack/react-router';
import { nameOf, shownOf } from './version';

const NAMES: Record<string, string> = { csv: 'CSV', excel: 'Excel', xlsx: 'Excel', json: 'JSON', jsonl: 'JSON lines' };

/** Writes out the version that is looked at. */
export function ExportMenu({ record, versions }: { record: RecordView; versions: VersionView[] }) {
  const { app } = useHouse();
  const named = useSearch({ strict: false }).version;
  const view = app.collections[record.collection];
  const formats = view?.versioned ? app.collections[view.versioned.children]?.export?.formats : undefined;
  const version = shownOf(versions, named);
  if (!formats || !version) return null;
  return (
    <Menu
      label={`Export ${nameOf(version)}`}
      trigger={<Button icon="download">Export v{version.number}</Button>}
      items={formats.map((format) => ({
        label: NAMES[format] ?? (format.length <= 4 ? format.toUpperCase() : readable(format)),
        icon: 'file',
        run: () => {
          const name = `${titleOf(view, record)}-v${version.number}.${format === 'excel' ? 'xlsx' : format}`;
          download(`/api/versions/${encodeURIComponent(version.id)}/export?format=${encodeURIComponent(format)}`, name).catch(toastFault);
        },
      }))}
    />
  );
}

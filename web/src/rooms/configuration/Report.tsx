import { counted } from '../../api/description';
import type { ConfigurationFault, ConfigurationReport } from '../../api/types';
import { Badge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Note';
import './configuration.css';

/** What a check found: each finding with its place and the way out. `onGo` leads to places of `file`. */
export function Report({ report, file, onGo }: { report: ConfigurationReport; file?: string; onGo?: (fault: ConfigurationFault) => void }) {
  const words = [report.errors > 0 && counted(report.errors, 'error', 'errors'), report.warnings > 0 && counted(report.warnings, 'warning', 'warnings')].filter(Boolean).join(', ');
  return (
    <section className="stack" aria-label="What the check found">
      <Note tone={report.is_valid ? (report.warnings > 0 ? 'warn' : 'good') : 'bad'} role="status">
        {report.is_valid ? `The application could run with it${words ? `: ${words}` : ', and nothing is wrong'}.` : `The application would not start with it: ${words}.`}
      </Note>
      {report.faults.length > 0 && (
        <ul className="checked">
          {report.faults.map((it, index) => (
            <li key={index} className="checked__one">
              <Badge tone={it.level === 'error' ? 'bad' : 'warn'}>{it.level === 'error' ? 'Error' : 'Warning'}</Badge>
              <div className="grow wrap">
                {it.message}
                {it.hint && <div className="soft">{it.hint}</div>}
                <div className="quiet">
                  <code>{it.code}</code> in {it.file}, line {it.line}
                </div>
              </div>
              {onGo && it.file === file && (
                <Button small onClick={() => onGo(it)}>
                  Go to line {it.line}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

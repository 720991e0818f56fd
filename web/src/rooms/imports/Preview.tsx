/** How a file will be understood, before anything is kept. */
import { labelOf, textOf } from '../../api/description';
import type { PreviewView, Schema } from '../../api/types';
import { Badge } from '../../ui/Badge';
import { Card } from '../../ui/Page';
import { Report } from './Report';

export function Preview({ preview, schema, name }: { preview: PreviewView; schema: Schema; name: string }) {
  const known = preview.columns.filter((it) => it.field);
  const lines = Math.min(5, Math.max(0, ...preview.columns.map((it) => it.sample.length)));
  return (
    <>
      <Card title="Columns" aside={<span className="quiet">{known.length} of {preview.columns.length} recognised</span>} flush>
        {/* A region that scrolls must be reachable by keyboard. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div className="grid-scroll" tabIndex={0} role="region" aria-label="First rows">
          <table className="grid preview">
            <thead>
              <tr>
                {preview.columns.map((it) => (
                  <th key={it.header} scope="col">
                    <div className="preview__head">{it.header}</div>
                    {it.field ? <Badge tone="good">{labelOf(schema, it.field)}</Badge> : <Badge tone="warn">Not recognised</Badge>}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {Array.from({ length: lines }, (_, line) => (
                <tr key={line}>
                  {preview.columns.map((it) => (
                    <td key={it.header}>
                      <span className="preview__cell cut" title={textOf(it.sample[line])}>
                        {textOf(it.sample[line])}
                      </span>
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </Card>
      <Card title="Rows">
        <Report rows={preview.counts} report={preview.report} name={name} />
      </Card>
    </>
  );
}

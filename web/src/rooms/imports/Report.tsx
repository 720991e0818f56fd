/** What was found row by row: to be narrowed, read, and taken along as CSV. */
import { useMemo, useState } from 'react';

import { save } from '../../api/client';
import type { ReportLine } from '../../api/types';
import { StateBadge } from '../../ui/Badge';
import { Button } from '../../ui/Button';
import { Note } from '../../ui/Note';
import { type Column, DataTable } from '../../ui/table/DataTable';
import { Tabs } from '../../ui/Tabs';
import { toCsv } from './csv';
import type { Findings } from './findings';
import './imports.css';

type Row = ReportLine & { id: string };

const COLUMNS: Column<Row>[] = [
  { id: 'row', label: 'Row', width: 76, align: 'right', cell: (it) => it.row },
  { id: 'level', label: 'Level', width: 110, cell: (it) => <StateBadge state={it.level} /> },
  { id: 'column', label: 'Column', width: 150, cell: (it) => <span className="cut">{it.column ?? ''}</span> },
  { id: 'message', label: 'What', width: 360, grows: true, cell: (it) => <span className="cut" title={it.message}>{it.message}</span> },
  { id: 'code', label: 'Code', width: 170, cell: (it) => <code className="cut quiet">{it.code}</code> },
];

export function Report({ rows, report, name }: Findings & { name: string }) {
  const [level, setLevel] = useState<'all' | 'error' | 'warning'>('all');
  const all = useMemo<Row[]>(() => report.map((it, index) => ({ ...it, id: String(index) })), [report]);
  const shown = level === 'all' ? all : all.filter((it) => it.level === level);
  const count = (of: ReportLine['level']) => report.filter((it) => it.level === of).length;
  return (
    <section className="stack" aria-label="Report of the rows">
      <div className="tiles">
        <Tile label="Rows read" value={rows.read} />
        <Tile label="Kept" value={rows.kept} />
        <Tile label="Skipped" value={rows.skipped} />
        <Tile label="With a warning" value={rows.warned} />
      </div>
      {report.length === 0 ? (
        <Note tone="good">Every row is fine.</Note>
      ) : (
        <div>
          <Tabs
            label="Levels"
            value={level}
            onChange={setLevel}
            items={[
              { id: 'all', label: 'All', count: report.length },
              { id: 'error', label: 'Errors', count: count('error') },
              { id: 'warning', label: 'Warnings', count: count('warning') },
            ]}
          >
            <div className="report">
              <DataTable
                label="Report"
                noun="finding"
                plural="findings"
                columns={COLUMNS}
                rows={shown}
                total={shown.length}
                isPending={false}
                empty={<p className="quiet">None of these.</p>}
                status={
                  <Button small kind="plain" icon="download" onClick={() => save(new Blob([toCsv(shown)], { type: 'text/csv;charset=utf-8' }), `${name}-report.csv`)}>
                    Download as CSV
                  </Button>
                }
              />
            </div>
          </Tabs>
        </div>
      )}
    </section>
  );
}

function Tile({ label, value }: { label: string; value: number }) {
  return (
    <div className="tile">
      <div className="tile__label">{label}</div>
      <div className="tile__value">{value.toLocaleString('en')}</div>
    </div>
  );
}

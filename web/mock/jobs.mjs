// Jobs that move: each takes a few seconds, tells its progress, and does its work at the end.

import { randomUUID } from 'node:crypto';

const TICK_MS = 180;

export function start(world, { kind, engine_kind, tenant, subject, steps, finish }) {
  const job = { id: `job_${randomUUID()}`, tenant, subject, kind, engine_kind, state: 'pending', dead: false, progress: 0, message: 'Waits for a worker', retry_count: 0, result: null, error: null, created_by: 'usr_0', created_at: world.now(), started_at: null, completed_at: null };
  world.jobs.unshift(job);
  const record = world.records.get(subject);
  if (record) record.lock = { job: job.id, by: 'Ada Lind', at: world.now() };
  world.tell(job);

  const timer = setInterval(() => {
    if (job.state === 'cancelled') return end();
    if (job.state === 'pending') Object.assign(job, { state: 'running', started_at: world.now() });
    job.progress = Math.min(100, job.progress + 4 + Math.floor(Math.random() * 8));
    job.message = steps[Math.min(steps.length - 1, Math.floor((job.progress / 101) * steps.length))];
    if (job.progress >= 100) {
      try {
        job.result = finish();
        job.state = 'completed';
        job.message = 'Done';
      } catch (thrown) {
        job.state = 'failed';
        job.error = { code: thrown.code ?? 'job_failed', message: thrown.message };
      }
      end();
    }
    world.tell(job);
  }, TICK_MS);

  function end() {
    clearInterval(timer);
    job.completed_at = world.now();
    if (record) record.lock = null;
    world.tell(job);
  }
  return job;
}

export function accepted(job, version = null) {
  return { job: job.id, record: job.subject, version, state: 'pending', message: 'The work begins as soon as a worker is free.' };
}

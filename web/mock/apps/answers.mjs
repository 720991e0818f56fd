// An invented application of assistants and nothing else: visitors may make accounts, and whoever only
// asks sees the chat first.

export const app = {
  app: 'answers',
  title: 'Workshop answers',
  about: 'Answers out of the manuals of a workshop, with their sources.',
  version: '0.1.0',
  prefix: '/v1',
  tenants: null,
  roles: {
    keeper: { role: 'admin', tenants: 'all', about: 'Looks after people and documents.' },
    asker: { role: 'editor', tenants: 'one', about: 'Asks, and adds documents of their own.' },
  },
  collections: {},
  tasks: {},
  assistants: {
    guide: { title: 'Guide', about: 'Answers out of the manuals, and out of the web where a question asks for it.', documents: true },
    archive: { title: 'Archive', about: 'Finds what was written before.', documents: true },
  },
  sign_up: true,
  uploads: { enabled: true, bytes_max: 5 * 1024 * 1024, kinds: ['pdf', 'docx', 'xlsx', 'html', 'md', 'txt', 'json', 'csv'] },
  webhook_events: ['job.completed'],
  pages: [],
  model: { complete: 'openai/gpt-4o-mini', embed: 'local/minilm' },
};

export const seeds = { tenants: [], parents: [], others: {}, proposals: [], advice: ['other', 'None.'] };

// An invented application with everything the engine knows: tenants, versions, tasks, proposals,
// documents, references, imports. It is no application of this repository, so that the pages are
// proved to be drawn from a description and from nothing else.

const text = (title, more = {}) => ({ type: ['string', 'null'], title, ...more });

const policyDocument = {
  title: 'Policy',
  type: 'object',
  required: ['order', 'number_template'],
  additionalProperties: false,
  properties: {
    order: { type: 'string', title: 'Order', enum: ['family-first', 'size-first', 'supplier-first'], description: 'What articles are sorted by before they are numbered.' },
    number_template: {
      type: 'string',
      title: 'Number template',
      minLength: 1,
      maxLength: 200,
      pattern: '^.*\\$\\{(family|size|supplier)\\}.*$',
      description: 'Known placeholders: ${family} ${size} ${supplier}; at least one.',
    },
    format: {
      type: 'object',
      title: 'Number format',
      additionalProperties: false,
      properties: {
        separator: { type: 'string', title: 'Separator', maxLength: 3, default: '-' },
        prefix: { type: ['boolean', 'string'], title: 'Prefix', default: true },
        digits: { type: 'integer', title: 'Digits of a size', minimum: 1, maximum: 4, default: 2 },
        family_codes: { type: 'object', title: 'Family codes', additionalProperties: { type: 'string', maxLength: 12 } },
      },
    },
  },
  examples: [{ order: 'family-first', number_template: '${family}-${size}', format: { separator: '-', digits: 3 } }],
};

export const app = {
  app: 'catalogue',
  title: 'Catalogue',
  about: 'Price lists of many customers, cleaned, numbered and kept with their history.',
  version: '0.1.0',
  prefix: '/v1',
  tenants: {
    noun: 'customer',
    plural: 'customers',
    restore_days: 30,
    schema: {
      title: 'Customer',
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: {
        name: { type: 'string', title: 'Name', minLength: 1, maxLength: 255 },
        slug: { type: 'string', title: 'Slug', minLength: 1, maxLength: 100, pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', description: 'Made of the name when left out.' },
        contact_email: text('Contact e-mail', { format: 'email', maxLength: 255 }),
        metadata: { type: 'object', title: 'Metadata', additionalProperties: true },
      },
    },
  },
  roles: {
    curator: { role: 'admin', tenants: 'all', about: 'Works with every customer.' },
    customer_user: { role: 'editor', tenants: 'one', about: "Works with one customer's lists." },
    reader: { role: 'viewer', tenants: 'one', about: "Looks at one customer's lists." },
  },
  collections: {
    price_lists: {
      noun: 'price list',
      plural: 'price lists',
      title: 'name',
      columns: ['name', 'season', 'description'],
      filters: ['season'],
      schema: {
        type: 'object',
        required: ['name', 'season'],
        additionalProperties: false,
        properties: {
          name: { type: 'string', title: 'Name', minLength: 1, maxLength: 255 },
          season: { type: 'string', title: 'Season', enum: ['spring', 'autumn', 'all_year'] },
          description: text('Description', { maxLength: 2000 }),
        },
      },
      parent: null,
      shared: false,
      searchable: false,
      unique: [['name', 'season']],
      versioned: { children: 'articles' },
      import: null,
      export: null,
      references: {},
      documents: {},
    },
    articles: {
      noun: 'article',
      plural: 'articles',
      title: 'number',
      columns: ['number', 'given_name', 'description', 'use', 'family', 'attributes.unit', 'attributes.size', 'attributes.material'],
      filters: ['use', 'family'],
      schema: {
        type: 'object',
        required: ['given_name', 'number'],
        additionalProperties: false,
        properties: {
          given_name: { type: 'string', title: 'Given name', minLength: 1, maxLength: 255 },
          number: { type: 'string', title: 'Number', minLength: 1, maxLength: 100 },
          description: text('Description', { maxLength: 2000 }),
          use: { title: 'Use', enum: ['indoor', 'outdoor', 'marine', 'other', null] },
          family: text('Family', { pattern: '^\\d{2}$' }),
          attributes: {
            type: 'object',
            title: 'Attributes',
            properties: { unit: text('Unit'), size: { type: ['string', 'number', 'null'], title: 'Size' }, material: text('Material') },
            additionalProperties: true,
          },
        },
      },
      parent: 'price_lists',
      shared: false,
      searchable: true,
      unique: [['number']],
      versioned: null,
      import: {
        formats: ['csv', 'xls', 'xlsx', 'json', 'jsonl'],
        max_bytes: 10485760,
        max_rows: 10000,
        columns: { given_name: ['item', 'name', 'label'], number: ['number', 'code'], description: ['description', 'notes'], use: ['use', 'application'], 'attributes.size': ['size', 'diameter'], 'attributes.unit': ['unit'] },
        required: ['given_name'],
      },
      export: { formats: ['csv', 'excel', 'json'], columns: ['Name', 'Number'] },
      references: {},
      documents: {},
    },
    policies: {
      noun: 'policy',
      plural: 'policies',
      title: 'name',
      columns: ['name', 'is_active', 'price_list_id'],
      filters: ['price_list_id', 'is_active'],
      schema: {
        type: 'object',
        required: ['name', 'policy_json'],
        additionalProperties: false,
        properties: {
          name: { type: 'string', title: 'Name', minLength: 1, maxLength: 255 },
          price_list_id: text('Price list', { format: 'uuid', description: 'Empty: for all price lists.' }),
          is_active: { type: 'boolean', title: 'Active', default: true },
          policy_json: { type: 'object', title: 'Policy' },
        },
      },
      parent: null,
      shared: false,
      searchable: false,
      unique: [],
      versioned: null,
      import: null,
      export: null,
      references: { price_list_id: 'price_lists' },
      documents: { policy_json: policyDocument },
    },
    families: {
      noun: 'family',
      plural: 'families',
      title: 'code',
      columns: ['code', 'title', 'description'],
      filters: [],
      schema: {
        type: 'object',
        required: ['code', 'title'],
        additionalProperties: false,
        properties: {
          code: { type: 'string', title: 'Code', pattern: '^\\d{2}$' },
          title: { type: 'string', title: 'Title', minLength: 1, maxLength: 255 },
          description: text('Description', { maxLength: 2000 }),
        },
      },
      parent: null,
      shared: true,
      searchable: true,
      unique: [['code']],
      versioned: null,
      import: null,
      export: null,
      references: {},
      documents: {},
    },
  },
  tasks: {
    describe: { title: 'Describe', about: 'Completes descriptions while a list comes in.', on: 'articles', run: null, input: null, makes: null, proposes: null, has_fallback: true },
    review: {
      title: 'Review',
      about: 'Looks for faults and gaps in a version and proposes changes.',
      on: 'articles',
      run: 'job',
      input: {
        type: 'object',
        additionalProperties: false,
        properties: {
          focus: { type: 'array', title: 'Look at', uniqueItems: true, items: { type: 'string', enum: ['naming', 'missing_article', 'inconsistency'] }, description: 'Everything when left empty.' },
        },
      },
      makes: null,
      proposes: { categories: ['naming', 'grouping', 'missing_article', 'inconsistency', 'other'] },
      has_fallback: true,
    },
    renumber: {
      title: 'Renumber',
      about: 'Numbers every article anew under a policy, as a new version that waits for approval.',
      on: 'articles',
      run: 'job',
      input: {
        type: 'object',
        additionalProperties: false,
        properties: {
          policy_id: text('Policy', { format: 'uuid', description: "The customer's active policy when left out." }),
          label: text('Label', { maxLength: 255 }),
        },
      },
      makes: 'version',
      proposes: null,
      has_fallback: true,
    },
    policy_from_words: {
      title: 'Policy from words',
      about: 'Turns free words into a changed policy to confirm.',
      on: 'price_lists',
      run: 'now',
      input: {
        type: 'object',
        required: ['text'],
        additionalProperties: false,
        properties: { text: { type: 'string', title: 'What should change', minLength: 1, maxLength: 4000 }, policy_id: text('Policy', { format: 'uuid' }) },
      },
      makes: null,
      proposes: null,
      has_fallback: true,
    },
  },
  assistants: { desk: { title: 'Desk', about: 'Answers out of the manuals and the lists.', documents: true } },
  sign_up: false,
  uploads: { enabled: true, bytes_max: 5 * 1024 * 1024, kinds: ['pdf', 'docx', 'xlsx', 'html', 'md', 'txt', 'json', 'csv'] },
  webhook_events: ['list.renumbered', 'job.completed', 'job.failed'],
  pages: ['price_lists', 'policies', 'families'].map((collection) => ({ collection, title: null })),
  model: { complete: null, embed: null },
};

const SIZES = [15, 20, 25, 32, 40, 50, 65, 80, 100, 125, 150, 200];
const KINDS = [
  ['BRS', 'Brass', 'Ball valve', 'full bore, lever handle', 'EA', '14'],
  ['STL', 'Steel', 'Threaded pipe', 'galvanised, heavy series', 'm', '11'],
  ['CUP', 'Copper', 'Soft tube', 'coil of 25 m, bare', 'm', '11'],
  ['PVC', 'PVC', 'Elbow 90°', 'solvent joint, grey', 'EA', '12'],
  ['RUB', 'Rubber', 'Flange gasket', 'EPDM, DIN 2690', 'EA', '16'],
  ['INX', 'Stainless', 'Hex nipple', 'AISI 316, BSP', 'EA', '12'],
  ['BRZ', 'Bronze', 'Check valve', 'spring loaded, any position', 'EA', '14'],
  ['PEX', 'PE-X', 'Heating tube', 'oxygen barrier, 6 bar', 'm', '11'],
];
const USES = ['indoor', 'outdoor', 'marine', 'other', null];

export const seeds = {
  tenants: [
    ['Nordwind Supply', 'nordwind', 'orders@nordwind.example'],
    ['Hafen & Söhne', 'hafen-soehne', 'info@hafen.example'],
    ['Blue Quay Fittings', 'blue-quay', null],
    ['Alder Creek Plumbing', 'alder-creek', 'desk@aldercreek.example'],
  ],
  parents: [
    { tenant: 0, data: { name: 'Main list 2026', season: 'all_year', description: 'Everything that is kept in stock, with the numbers printed in the catalogue.' }, rows: 10412, versions: 4 },
    { tenant: 0, data: { name: 'Spring offers', season: 'spring', description: null }, rows: 180, versions: 2 },
    { tenant: 1, data: { name: 'Harbour fittings', season: 'all_year', description: 'Marine grade only.' }, rows: 640, versions: 3 },
    { tenant: 2, data: { name: 'Autumn list', season: 'autumn', description: null }, rows: 96, versions: 1 },
  ],
  others: {
    policies: [
      { tenant: 0, data: { name: 'Family first', is_active: true, price_list_id: null, policy_json: { order: 'family-first', number_template: '${family}-${size}', format: { separator: '-', prefix: true, digits: 3, family_codes: { Brass: 'BRS', Steel: 'STL' } } } } },
      { tenant: 0, data: { name: 'By size (trial)', is_active: false, price_list_id: 'parent:0', policy_json: { order: 'size-first', number_template: '${size}-${family}' } } },
      { tenant: 1, data: { name: 'Family first', is_active: true, price_list_id: null, policy_json: { order: 'family-first', number_template: '${family}-${size}' } } },
    ],
    families: [
      { data: { code: '11', title: 'Pipes and tubes', description: 'Everything sold by length.' } },
      { data: { code: '12', title: 'Fittings', description: null } },
      { data: { code: '14', title: 'Valves', description: 'With moving parts.' } },
      { data: { code: '16', title: 'Gaskets', description: null } },
    ],
  },
  /** The `index`th row of a list, as the version `number` has it. */
  row(index, number, random) {
    const [code, material, name, detail, unit, family] = KINDS[index % KINDS.length];
    const size = SIZES[Math.floor(index / KINDS.length) % SIZES.length];
    const run = Math.floor(index / (KINDS.length * SIZES.length));
    const suffix = run === 0 ? '' : `-${String(run + 1).padStart(2, '0')}`;
    const renumbered = number >= 4 && index % 40 < 3;
    return {
      given_name: `${name} ${size} mm ${material}${run === 0 ? '' : ` type ${run + 1}`}`,
      number: renumbered ? `${family}-${code}-${String(size).padStart(3, '0')}${suffix}` : `${code}-${String(size).padStart(3, '0')}${suffix}`,
      description: number >= 2 && index % 3 === 0 ? `${material} ${name.toLowerCase()}, ${size} mm, ${detail}` : `${name}, ${detail}`,
      use: USES[Math.floor(random() * USES.length)],
      family: number >= 2 || index % 5 ? family : null,
      attributes: { unit, size: String(size), material, ...(index % 7 === 0 ? { supplier: 'KV 4471' } : {}) },
    };
  },
  proposals: [
    ['naming', 'The name has the material before the size; the rest of the family has it after.', (data) => ({ given_name: data.given_name.replace(/^(.*?) (\d+ mm) (.*)$/, '$3 $1 $2') }), 0.82],
    ['inconsistency', 'The unit is metres, but the name speaks of a single piece.', () => ({ attributes: { unit: 'EA' } }), 0.64],
    ['grouping', 'It belongs to the valves, not to the fittings.', () => ({ family: '14' }), 0.91],
    ['inconsistency', 'The same article is listed twice: take this one out.', () => ({ remove: true }), 0.77],
    ['other', 'The description can be shorter.', (data) => ({ description: String(data.description).split(',')[0] }), 0.41],
  ],
  advice: ['missing_article', 'Ball valves are listed from 15 to 200 mm, but 125 mm is missing in brass.'],
  // Assistant → the records that it is asked about.
  on: { desk: 'policies' },
};

/**
 * What the server answers, field by field as it writes them.
 *
 * These mirror the views of the engine by hand, so that a page reads `RecordView` and not
 * `components["schemas"]["RecordView"]`. Once `npm run api` has made `schema.ts`, each line may become
 * an alias of the generated type; nothing else in `src/` needs to change.
 *
 * Start at {@link AppView}: every page is drawn from it.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = Record<string, Json>;

/** A JSON Schema (draft 2020-12), as far as forms read it. */
export interface Schema {
  $schema?: string;
  title?: string;
  description?: string;
  type?: string | string[];
  enum?: Json[];
  const?: Json;
  default?: Json;
  examples?: Json[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  readOnly?: boolean;
}

/** A list is read page by page; a cursor leads to the next one. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  prev_cursor: string | null;
  total?: number | null;
}

/** problem+json (RFC 9457), with a code that stays and all faults at once. */
export interface Problem {
  type?: string;
  title: string;
  status: number;
  code: string | number;
  detail?: string;
  hint?: string;
  request_id?: string;
  errors?: FieldFault[];
}

/** `field` is a JSON pointer into what was sent. */
export interface FieldFault {
  field?: string;
  message: string;
  hint?: string;
}

/** The description of the application: `GET /api/app`. */
export interface AppView {
  app: string;
  title: string;
  about: string;
  version: string;
  tenants: null | { noun: string; plural: string; schema: Schema };
  roles: Record<string, RoleView>;
  collections: Record<string, CollectionView>;
  tasks: Record<string, TaskView>;
  webhook_events: string[];
  pages: { collection: string; title?: string | null }[];
  model: { complete: string | null; embed: string | null };
}

export interface RoleView {
  role: string;
  tenants: 'all' | 'one';
  about: string;
}

export interface CollectionView {
  noun: string;
  plural: string;
  /** The field that names a record. */
  title: string;
  columns: string[];
  filters: string[];
  schema: Schema;
  parent: string | null;
  shared: boolean;
  searchable: boolean;
  unique: string[][];
  sort?: string[];
  versioned: null | { children: string };
  import: null | { formats: string[]; max_bytes: number; max_rows: number; columns: Record<string, string[]> };
  export: null | { formats: string[] };
  /** Field → the collection of the record it names. */
  references: Record<string, string>;
  /** Field → the schema of the document in it. */
  documents: Record<string, Schema>;
}

export interface TaskView {
  title: string;
  about: string;
  on: string;
  run: 'job' | 'now' | null;
  input: Schema | null;
  makes: 'version' | null;
  proposes: null | { categories: string[] };
  has_fallback: boolean;
  /** Field of the input → the collection of the record it names. */
  references?: Record<string, string>;
}

export interface Me {
  id: string;
  email: string;
  name: string;
  role: string;
  role_name: string;
  tenant: string | null;
  permissions: string[];
  reaches: 'all' | 'one';
}

export interface Tokens {
  access_token: string;
  refresh_token: string;
  token_type: string;
  /** Seconds. */
  expires_in: number;
  user?: Me;
}

export interface TenantView {
  id: string;
  slug: string;
  name: string;
  data: JsonObject;
  revision: number;
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
}

export interface RecordView {
  id: string;
  tenant: string;
  collection: string;
  parent: string | null;
  version: string | null;
  lineage: string | null;
  data: JsonObject;
  revision: number;
  active_version: null | { id: string; number: number; label: string; created_at: string };
  lock: null | { job: string; by: string; at: string };
  created_at: string;
  updated_at: string;
  deleted_at: string | null;
  created_by: string;
}

export interface VersionView {
  id: string;
  tenant: string;
  record: string;
  number: number;
  label: string | null;
  notes: string | null;
  state: 'building' | 'ready';
  origin: 'import' | 'change' | 'task' | 'proposals' | 'revert';
  task: string | null;
  inputs: Json;
  summary: string | null;
  details: Json;
  warnings: Json;
  prompt_version: string | number | null;
  produced_by: string | null;
  based_on: string | null;
  record_count: number;
  is_active: boolean;
  created_by: string;
  created_at: string;
}

export interface FieldChange {
  field: string;
  before: Json;
  after: Json;
}

export interface ChangedRecord {
  lineage: string;
  before: RecordView;
  after: RecordView;
  fields: FieldChange[];
}

export interface DiffView {
  from: { id: string; number: number };
  to: { id: string; number: number };
  added: RecordView[];
  removed: RecordView[];
  changed: ChangedRecord[];
  renamed: RenamedRecord[];
  counts: { added: number; removed: number; changed: number; renamed: number; unchanged: number };
}

/** The first unique field changed: what people know the record by. */
export interface RenamedRecord {
  lineage?: string;
  field?: string;
  before: Json;
  after: Json;
}

export type ProposalStatus = 'pending' | 'accepted' | 'rejected' | 'dismissed';

export interface ProposalView {
  id: string;
  tenant: string;
  version: string;
  parent: string;
  record: string | null;
  category: string;
  suggestion: string;
  change: null | { current?: Json; suggested?: Json; confidence?: number | null };
  status: ProposalStatus;
  produced_by: string | null;
  decided_by: string | null;
  decided_at: string | null;
  notes: string | null;
  created_at: string;
  updated_at: string;
  subject: null | { title: string; data: JsonObject };
}

export interface DecisionAnswer {
  accepted: number;
  rejected: number;
  dismissed?: number;
  skipped: number;
  job: string | null;
}

export type JobState = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled';

export interface JobView {
  id: string;
  tenant: string;
  subject: string | null;
  /** The application's own name for it. */
  kind: string;
  engine_kind: string;
  state: JobState;
  /** 0 to 100. */
  progress: number;
  message: string | null;
  retry_count: number;
  result: Json;
  error: null | { code: string; message: string };
  created_by: string;
  created_at: string;
  started_at: string | null;
  completed_at: string | null;
}

export interface Accepted {
  job: string;
  record: string | null;
  version: string | null;
  state: string;
  message: string;
}

/** What a task that runs at once answers. */
export interface TaskAnswer {
  answer: Json;
  produced_by: string;
  model: string | null;
}

export interface ReportEntry {
  row: number;
  column?: string | null;
  level: 'error' | 'warning';
  code: string;
  message: string;
}

export interface RowCounts {
  read: number;
  kept: number;
  skipped: number;
  warned: number;
}

export interface ImportResult {
  record: string | null;
  version: string | null;
  record_count: number;
  summary: string | null;
  produced_by: string | null;
  rows: RowCounts;
  report: ReportEntry[];
}

export interface PreviewView {
  format: string;
  columns: { header: string; field: string | null; sample: Json[] }[];
  /** The first rows as they would be kept; `row` is the line of the file. */
  rows: { row: number; data: JsonObject }[];
  counts: RowCounts;
  report: ReportEntry[];
}

export interface SearchView {
  results: SearchHit[];
  result_count: number;
  method: 'words' | 'meaning' | 'both';
  model?: string | null;
}

export interface SearchHit {
  item: RecordView;
  score: number;
  version: string | null;
  parent: string | null;
  title: string;
  parent_title: string | null;
}

export interface AuditEntry {
  id: string;
  tenant: string;
  seq: number;
  at: string;
  /** The id of a user or a key, or the name of the house itself. */
  actor: string;
  /** The application's own name for it. */
  action: string;
  engine_action: string;
  subject: string;
  record: string | null;
  version: string | null;
  summary: string;
  details: { subject: string; before: Json; after: Json; why: string | null; address: string | null; request_id: string | null };
  tokens_used: number | null;
}

export interface AuditReport {
  whole: boolean;
  rows: number;
  chains: { tenant: string; rows: number; head: string; broken: null | { seq: number; fault: string } }[];
}

export interface UsageRow {
  id: string;
  tenant: string;
  job: string | null;
  operation: string;
  provider: string;
  model: string;
  tokens_in: number;
  tokens_out: number;
  tokens_total: number;
  /** Null when no price is known. */
  cost_usd: number | null;
  latency_ms: number;
  outcome: string;
  at: string;
}

export type UsageGroup = 'day' | 'month' | 'operation' | 'model' | 'tenant';

export interface UsageTotals {
  total_tokens: number;
  total_cost_usd: number;
  operations_count: number;
  /** Operations whose cost nobody knows: they are not in the sum. */
  unknown_cost_count: number;
}

/** `name` is the day, the operation, the model… that it is broken down by. */
export type UsagePart = UsageTotals & { name: string };

export interface UsageSummary {
  summary: UsageTotals;
  from: string;
  to: string;
  group_by: string;
  breakdown: UsagePart[];
}

export interface UserView {
  id: string;
  email: string;
  name: string;
  role: string;
  role_name: string;
  tenant: string | null;
  disabled_at: string | null;
  last_login_at: string | null;
  created_at: string;
}

export interface KeyView {
  id: string;
  tenant: string;
  name: string;
  prefix: string;
  scopes: string[];
  last_used_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
  created_at: string;
  /** Only in the answer that made it. */
  secret?: string | null;
}

export interface SessionView {
  id: string;
  user: string;
  address: string | null;
  user_agent: string | null;
  created_at: string;
  last_used_at: string | null;
  expires_at: string;
  is_current: boolean;
}

export interface WebhookView {
  id: string;
  tenant: string;
  url: string;
  events: string[];
  is_active: boolean;
  created_at: string;
  /** Only in the answer that made it. */
  secret?: string | null;
}

export interface DeliveryView {
  id: string;
  webhook: string;
  event: string;
  state: 'pending' | 'delivered' | 'failed';
  attempts: number;
  answer_status: number | null;
  error: string | null;
  latency_ms: number | null;
  created_at: string;
  attempted_at: string | null;
  delivered_at: string | null;
}

export interface PromptView {
  name: string;
  version: number;
  text: string;
  variables: string[];
  is_active: boolean;
  created_at: string;
}

export interface Health {
  status: 'healthy' | 'degraded' | 'unhealthy';
  timestamp: string;
  version: string;
  checks: Record<string, HealthCheck>;
}

export interface HealthCheck {
  status: 'healthy' | 'degraded' | 'unhealthy';
  latency_ms: number | null;
  message?: string | null;
}

export interface Stats {
  version: string;
  uptime_seconds: number;
  requests: { total: number; errors: number };
  queue: Partial<Record<JobState, number>>;
  models: { spent_today_usd: number; spent_month_usd: number; unknown_cost_count: number; tokens_today: number };
  /** Living records of each collection, and tenants. */
  counts: Record<string, number>;
}

/** `number` counts the lines of this process. */
export interface NumberedLine {
  number: number;
  line: LogLine;
}

export interface LogLine {
  timestamp: string;
  level: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  message: string;
  service?: string;
  request_id?: string | null;
  client_id?: string | null;
  user_id?: string | null;
  context?: JsonObject | null;
}

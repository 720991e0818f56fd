/**
 * The operations the pages use, in the form that openapi-typescript generates.
 *
 * It is written by hand because it must stand before the server does. To switch: `npm run api`, then
 * let this file say `export type { paths } from './schema';`.
 */
import type * as V from './types';

interface Parts {
  path?: object;
  query?: object;
  body?: unknown;
}

type Operation<Answer, P extends Parts = object> = {
  parameters: {
    query?: P extends { query: infer Q } ? Q : never;
    header?: Record<string, string>;
    cookie?: never;
  } & (P extends { path: infer T } ? { path: T } : { path?: never });
  responses: {
    200: { headers: Record<string, unknown>; content: { 'application/json': Answer } };
    default: { headers: Record<string, unknown>; content: { 'application/problem+json': V.Problem } };
  };
} & (P extends { body: infer B } ? { requestBody: { content: { 'application/json': B } } } : { requestBody?: never });

interface Methods {
  get?: unknown;
  post?: unknown;
  patch?: unknown;
  delete?: unknown;
}

type At<M extends Methods> = {
  parameters: { query?: never; header?: never; path?: never; cookie?: never };
} & M;

interface Listed { limit?: number; cursor?: string }
interface OfTenant { tenant?: string }
type RecordQuery = Listed &
  OfTenant & { parent?: string; search?: string; count?: boolean; sort?: string; deleted?: boolean } & Record<`filter.${string}`, string>;
interface RecordPath { record: string }
interface VersionPath { version: string }
/** A file travels as multipart; openapi-fetch hands a FormData on as it is. */
type Upload = FormData | V.JsonObject;

export interface paths {
  '/api/auth/login': At<{ post: Operation<V.Tokens, { body: { email: string; password: string } }> }>;
  '/api/auth/refresh': At<{ post: Operation<V.Tokens, { body: { refresh_token: string } }> }>;
  '/api/auth/logout': At<{ post: Operation<undefined> }>;
  '/api/me': At<{ get: Operation<V.Me>; patch: Operation<V.Me, { body: { name?: string; password?: string; current_password?: string } }> }>;
  '/api/app': At<{ get: Operation<V.AppView> }>;

  '/api/users': At<{
    get: Operation<V.Page<V.UserView>, { query: Listed & OfTenant }>;
    post: Operation<V.UserView, { body: { email: string; name: string; password: string; role: string; tenant?: string | null; reaches?: 'all' | 'one' } }>;
  }>;
  '/api/users/{id}': At<{
    patch: Operation<V.UserView, { path: { id: string }; body: { name?: string; role?: string; tenant?: string | null; disabled?: boolean; password?: string } }>;
  }>;
  '/api/sessions': At<{ get: Operation<V.Page<V.SessionView>, { query: Listed & { user?: string } }> }>;
  '/api/sessions/{id}': At<{ delete: Operation<undefined, { path: { id: string } }> }>;
  '/api/keys': At<{
    get: Operation<V.Page<V.KeyView>, { query: Listed & OfTenant }>;
    post: Operation<V.KeyView, { query: OfTenant; body: { name: string; scopes: string[]; expires_at?: string | null; mode?: 'live' | 'test' } }>;
  }>;
  '/api/keys/{id}': At<{ delete: Operation<undefined, { path: { id: string } }> }>;
  '/api/keys/{id}/rotate': At<{ post: Operation<V.KeyView, { path: { id: string } }> }>;

  '/api/tenants': At<{
    get: Operation<V.Page<V.TenantView>, { query: Listed & { search?: string; deleted?: boolean; count?: boolean } }>;
    post: Operation<V.TenantView, { body: V.JsonObject }>;
  }>;
  '/api/tenants/{tenant}': At<{
    get: Operation<V.TenantView, { path: { tenant: string } }>;
    patch: Operation<V.TenantView, { path: { tenant: string }; body: V.JsonObject }>;
    delete: Operation<undefined, { path: { tenant: string }; query: { permanent?: boolean } }>;
  }>;
  '/api/tenants/{tenant}/restore': At<{ post: Operation<V.TenantView, { path: { tenant: string } }> }>;

  '/api/collections/{collection}': At<{
    get: Operation<V.Page<V.RecordView>, { path: { collection: string }; query: RecordQuery }>;
    post: Operation<V.RecordView, { path: { collection: string }; query: OfTenant & { parent?: string }; body: V.JsonObject }>;
  }>;
  '/api/collections/{collection}/import': At<{
    post: Operation<V.Accepted, { path: { collection: string }; query: OfTenant; body: Upload }>;
  }>;
  '/api/collections/{collection}/preview': At<{
    post: Operation<V.PreviewView, { path: { collection: string }; query: OfTenant; body: Upload }>;
  }>;
  '/api/records/{record}': At<{
    get: Operation<V.RecordView, { path: RecordPath }>;
    patch: Operation<V.RecordView, { path: RecordPath; body: V.JsonObject }>;
    delete: Operation<undefined, { path: RecordPath; query: { permanent?: boolean } }>;
  }>;
  '/api/records/{record}/restore': At<{ post: Operation<V.RecordView, { path: RecordPath }> }>;
  '/api/records/{record}/versions': At<{ get: Operation<V.Page<V.VersionView>, { path: RecordPath; query: Listed }> }>;
  '/api/records/{record}/revert': At<{
    post: Operation<V.Accepted, { path: RecordPath; body: { number: number; label?: string | null; reason: string } }>;
  }>;
  '/api/records/{record}/change': At<{ post: Operation<V.Accepted, { path: RecordPath; body: Upload }> }>;

  '/api/versions/{version}': At<{
    get: Operation<V.VersionView, { path: VersionPath }>;
    delete: Operation<undefined, { path: VersionPath }>;
  }>;
  '/api/versions/{version}/records': At<{ get: Operation<V.Page<V.RecordView>, { path: VersionPath; query: RecordQuery }> }>;
  '/api/versions/{version}/diff/{other}': At<{ get: Operation<V.DiffView, { path: { version: string; other: string } }> }>;
  '/api/versions/{version}/activate': At<{ post: Operation<V.VersionView, { path: VersionPath }> }>;
  '/api/versions/{version}/proposals': At<{
    get: Operation<V.Page<V.ProposalView>, { path: VersionPath; query: Listed & { status?: string; category?: string; count?: boolean } }>;
  }>;
  '/api/proposals/{proposal}/accept': At<{
    post: Operation<V.Accepted, { path: { proposal: string }; body: { notes?: string | null } }>;
  }>;
  '/api/proposals/{proposal}/reject': At<{
    post: Operation<V.ProposalView, { path: { proposal: string }; body: { reason?: string | null; feedback?: string | null } }>;
  }>;
  '/api/proposals/decide': At<{
    post: Operation<V.DecisionAnswer, { body: { ids: string[]; action: 'accept' | 'reject' | 'dismiss'; notes?: string | null } }>;
  }>;
  '/api/tasks/{task}': At<{
    post: Operation<
      V.Accepted | V.TaskAnswer,
      { path: { task: string }; body: { record?: string; version?: string; input: V.JsonObject; label?: string | null; notes?: string | null } }
    >;
  }>;
  '/api/search': At<{
    post: Operation<V.SearchView, { body: { tenant?: string; collection: string; query: string; record?: string; limit?: number; filters?: V.JsonObject } }>;
  }>;

  '/api/jobs': At<{
    get: Operation<V.Page<V.JobView>, { query: Listed & OfTenant & { state?: string; kind?: string; record?: string } }>;
  }>;
  '/api/jobs/{job}': At<{ get: Operation<V.JobView, { path: { job: string } }> }>;
  '/api/jobs/{job}/cancel': At<{ post: Operation<V.JobView, { path: { job: string } }> }>;
  '/api/jobs/{job}/retry': At<{ post: Operation<V.JobView, { path: { job: string } }> }>;

  '/api/audit': At<{
    get: Operation<V.Page<V.AuditEntry>, { query: Listed & OfTenant & { record?: string; action?: string; actor?: string; from?: string; to?: string } }>;
  }>;
  '/api/audit/verify': At<{ get: Operation<V.AuditReport> }>;
  '/api/usage': At<{ get: Operation<V.Page<V.UsageRow>, { query: Listed & OfTenant & { from?: string; to?: string } }> }>;
  '/api/usage/summary': At<{
    get: Operation<V.UsageSummary, { query: OfTenant & { from?: string; to?: string; group_by: V.UsageGroup } }>;
  }>;

  '/api/webhooks': At<{
    get: Operation<V.Page<V.WebhookView>, { query: Listed & OfTenant }>;
    post: Operation<V.WebhookView, { query: OfTenant; body: { url: string; events: string[] } }>;
  }>;
  '/api/webhooks/{webhook}': At<{
    get: Operation<V.WebhookView, { path: { webhook: string } }>;
    delete: Operation<undefined, { path: { webhook: string } }>;
  }>;
  '/api/webhooks/{webhook}/deliveries': At<{ get: Operation<V.Page<V.DeliveryView>, { path: { webhook: string }; query: Listed }> }>;
  '/api/webhooks/{webhook}/test': At<{ post: Operation<V.DeliveryView, { path: { webhook: string } }> }>;
  '/api/deliveries/{delivery}/retry': At<{ post: Operation<V.DeliveryView, { path: { delivery: string } }> }>;
  '/api/prompts': At<{ get: Operation<V.Page<V.PromptView>, { query: Listed }> }>;

  '/api/v1/stats': At<{ get: Operation<V.Stats> }>;
  '/api/logs': At<{ get: Operation<{ items: V.NumberedLine[] }, { query: { level?: string; search?: string; limit?: number } }> }>;
  '/health': At<{ get: Operation<V.Health> }>;
}

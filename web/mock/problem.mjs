// Refusals as problem+json, with the codes of the engine.

const STATUS = { invalid_json: 400, invalid_file_type: 400, nothing_to_do: 400, same_version: 400, key_missing: 401, token_invalid: 401, token_expired: 401, wrong_credentials: 401, session_ended: 401, permission_missing: 403, forbidden: 403, tenant_forbidden: 403, not_found: 404, record_not_found: 404, tenant_not_found: 404, version_not_found: 404, job_not_found: 404, proposal_not_found: 404, document_not_found: 404, assistant_not_found: 404, chat_not_found: 404, run_not_found: 404, source_not_found: 404, schedule_not_found: 404, archive_not_found: 404, conversation_not_found: 404, configuration_not_found: 404, sign_up_disabled: 404, record_locked: 409, document_state: 409, not_unique: 409, job_state: 409, version_active: 409, proposal_decided: 409, deleted: 410, stale: 412, file_too_large: 413, invalid_input: 422, invalid_file: 422, page_refused: 422, not_ready: 425, model_rate_limited: 429, internal: 500, external_service: 502, model_unavailable: 503 };

export class Refusal extends Error {
  constructor(code, title, { detail, hint, errors } = {}) {
    super(title);
    this.code = code;
    this.body = { type: `/docs#${code}`, title, status: STATUS[code] ?? 500, code, detail: detail ?? `${title}.`, hint, errors };
  }
}

export function refuse(code, title, more) {
  throw new Refusal(code, title, more);
}

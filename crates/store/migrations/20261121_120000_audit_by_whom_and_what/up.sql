-- Who looks for one action, or for what one person did, reads those rows alone.
CREATE INDEX audit_log_action ON audit_log (action, at, tenant, seq);
CREATE INDEX audit_log_actor ON audit_log (actor, at, tenant, seq);

-- A suspended account may not be used; what it has published stays. 0: it may.
ALTER TABLE account ADD COLUMN suspended_ms INTEGER NOT NULL DEFAULT 0;

-- When a session was last used, about, and not by the request that made it; 0: not yet. Its address
-- is the one from which.
ALTER TABLE session ADD COLUMN seen_ms INTEGER NOT NULL DEFAULT 0;

-- Which account a row is about: that of the object, whoever was the actor. 0 and '': none.
ALTER TABLE audit ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN account TEXT NOT NULL DEFAULT '';
UPDATE audit SET account_id = actor_id;
UPDATE audit SET account_id = COALESCE((SELECT a.id FROM account a WHERE audit.object = a.login
    OR substr(audit.object, 1, length(a.login) + 1) = a.login || '/'), actor_id)
    WHERE substr(action, 1, 6) <> 'token.';
UPDATE audit SET account = COALESCE((SELECT a.login FROM account a WHERE a.id = audit.account_id), '');

DROP INDEX audit_by_time;
CREATE INDEX audit_by_time ON audit (time_ms, id);
CREATE INDEX audit_by_account ON audit (account_id, time_ms, id);

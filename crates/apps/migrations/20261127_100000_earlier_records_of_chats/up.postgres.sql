-- The records that a chat knows beside the one it is about: what came before that. When one of them is
-- erased, it is taken out of what the chat was begun with.
CREATE TABLE assistant_earlier (
    record TEXT NOT NULL,
    chat   TEXT NOT NULL,
    tenant TEXT NOT NULL,
    PRIMARY KEY (record, chat)
);
CREATE INDEX assistant_earlier_chat ON assistant_earlier (chat);
CREATE INDEX assistant_earlier_tenant ON assistant_earlier (tenant);

INSERT INTO assistant_earlier (record, chat, tenant)
SELECT e.value -> 'parent' ->> 'id', a.chat, a.tenant
  FROM assistant_abouts a, json_array_elements(CAST(a.about AS json) -> 'earlier') e
 UNION
SELECT e.value -> 'record' ->> 'id', a.chat, a.tenant
  FROM assistant_abouts a, json_array_elements(CAST(a.about AS json) -> 'earlier') e
 WHERE e.value -> 'record' ->> 'id' IS NOT NULL;

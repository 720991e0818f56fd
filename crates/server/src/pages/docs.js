// Draws the API's description for people. Everything comes from /openapi.json; nothing is loaded
// from elsewhere.
"use strict";

const make = (name, attributes = {}, ...inside) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside.filter((it) => it !== null && it !== undefined));
  return element;
};

const resolve = (api, schema, depth = 0) => {
  if (!schema || typeof schema !== "object" || depth > 6) return schema;
  if (schema.$ref) {
    const found = schema.$ref.replace("#/", "").split("/").reduce((at, step) => at?.[step], api);
    return resolve(api, found, depth + 1);
  }
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((it) => resolve(api, it, depth + 1)));
  return schema;
};

const kind = (schema) => {
  if (!schema) return "";
  if (schema.enum) return schema.enum.map((it) => JSON.stringify(it)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf || schema.oneOf) return (schema.anyOf ?? schema.oneOf).map(kind).join(" | ");
  if (schema.$ref) return schema.$ref.split("/").pop();
  const type = Array.isArray(schema.type) ? schema.type.join(" | ") : (schema.type ?? "any");
  return schema.format ? `${type} (${schema.format})` : type === "array" ? `list of ${kind(schema.items)}` : type;
};

const table = (head, rows) =>
  make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((it) => make("th", { scope: "col" }, it)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((it) => make("td", {}, it))))));

const fields = (api, schema) => {
  const whole = resolve(api, schema);
  const properties = Object.entries(whole?.properties ?? {});
  if (properties.length === 0) return make("p", {}, kind(whole) || "anything");
  return table(["Field", "Kind", "Meaning"], properties.map(([name, given]) => {
    const must = whole.required?.includes(name) ? " (required)" : "";
    return [make("code", {}, name), kind(given) + must, resolve(api, given)?.description ?? ""];
  }));
};

const drawn = (api, path, method, operation) => {
  const inside = make("div", { class: "inside" });
  if (operation.description) inside.append(make("p", {}, operation.description));
  if (operation.parameters?.length) {
    inside.append(make("h3", {}, "Parameters"), table(["Name", "In", "Kind", "Meaning"],
      operation.parameters.map((given) => {
        const it = given.$ref ? resolve(api, given) : given;
        const must = it.required ? " (required)" : "";
        return [make("code", {}, it.name), it.in, kind(it.schema) + must, it.description ?? ""];
      })));
  }
  for (const [type, content] of Object.entries(operation.requestBody?.content ?? {})) {
    inside.append(make("h3", {}, `Body: ${type}`), fields(api, content.schema));
  }
  for (const [status, given] of Object.entries(operation.responses ?? {})) {
    const answer = given.$ref ? resolve(api, given) : given;
    inside.append(make("h3", {}, `${status}: ${answer.description ?? ""}`));
    const content = Object.values(answer.content ?? {})[0];
    if (content?.schema && status < "300") inside.append(fields(api, content.schema));
  }
  const box = make("details", { "data-text": `${method} ${path} ${operation.summary} ${operation["x-operation"] ?? ""}`.toLowerCase() },
    make("summary", {},
      make("span", { class: "method" }, method.toUpperCase()),
      make("span", { class: "path" }, path),
      make("span", { class: "says" }, operation.summary ?? "")),
    inside);
  return box;
};

const draw = (api) => {
  document.title = document.getElementById("title").textContent = `${api.info.title}: API`;
  document.getElementById("about").textContent = api.info.description ?? "";
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(drawn(api, path, method, operation));
    }
  }
  const codes = make("section", {}, make("h2", {}, "errors"),
    table(["Code", "Status", "Meaning"], (api["x-errors"] ?? []).map((it) => {
      const code = make("code", { id: it.code }, String(it.code));
      return [code, String(it.status), it.title];
    })));
  const sections = [...groups].map(([tag, boxes]) => make("section", {}, make("h2", {}, tag), ...boxes));
  document.getElementById("paths").replaceChildren(...sections, codes);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
};

document.getElementById("find").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const box of document.querySelectorAll("details")) {
    box.hidden = !words.every((it) => box.dataset.text.includes(it));
  }
  for (const section of document.querySelectorAll("section")) {
    const boxes = [...section.querySelectorAll("details")];
    section.hidden = boxes.length > 0 && boxes.every((it) => it.hidden);
  }
});

fetch("/openapi.json")
  .then((answer) => answer.json())
  .then(draw)
  .catch((error) => {
    document.getElementById("paths").replaceChildren(make("p", {}, `The description cannot be read: ${error.message}`));
  });

// As much of JSON Schema as the mock needs to answer a wrong form the way the server does.

export function check(schema, value, pointer = '') {
  if (value === undefined) return [];
  const types = schema.type === undefined ? null : [schema.type].flat();
  if (types && !types.some((it) => isOf(it, value))) return [{ field: pointer, message: `must be ${types.join(' or ')}` }];
  if (schema.enum && !schema.enum.includes(value)) return [{ field: pointer, message: `must be one of ${schema.enum.join(', ')}` }];
  if (typeof value === 'string') {
    if (schema.minLength > value.length) return [{ field: pointer, message: `must have at least ${schema.minLength} characters` }];
    if (schema.maxLength < value.length) return [{ field: pointer, message: `must have at most ${schema.maxLength} characters` }];
    if (schema.pattern && !new RegExp(schema.pattern).test(value)) return [{ field: pointer, message: `does not match ${schema.pattern}` }];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const missing = (schema.required ?? []).filter((it) => value[it] === undefined).map((it) => ({ field: `${pointer}/${it}`, message: 'is needed' }));
  return [
    ...missing,
    ...Object.entries(value).flatMap(([name, it]) => {
      if (schema.properties?.[name]) return check(schema.properties[name], it, `${pointer}/${name}`);
      return schema.additionalProperties === false ? [{ field: `${pointer}/${name}`, message: 'is not known' }] : [];
    }),
  ];
}

function isOf(type, value) {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

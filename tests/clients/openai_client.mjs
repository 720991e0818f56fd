// OpenAI's own client for Node.
import OpenAI from "openai";
import { check, holds, rejects, run, same } from "./check.mjs";

const client = new OpenAI();
let number = 0;
const ask = () => [
  { role: "system", content: "You answer." },
  { role: "user", content: `Where is order ${++number}, please?` },
];
const says = (text) => [{ role: "user", content: `script: ${text}` }];
const parameters = { type: "object", required: ["number"], properties: { number: { type: "integer" } } };
const tools = [{ type: "function", function: { name: "get_invoice", description: "Finds an invoice.", parameters } }];

check("a chat completion comes whole, with its headers", async () => {
  const { data, response } = await client.chat.completions.create({ model: "real/tiny", messages: ask(), max_tokens: 30 }).withResponse();
  holds("words", data.choices[0].message.content);
  same("the sum", data.usage.total_tokens, data.usage.prompt_tokens + data.usage.completion_tokens);
  same("the provider", response.headers.get("x-mainstay-provider"), "real");
  same("the request's id", data._request_id, response.headers.get("x-request-id"));
});

check("a stream comes in pieces, with usage only for who asked", async () => {
  const options = { model: "real/tiny", max_tokens: 30, stream: true };
  for await (const piece of await client.chat.completions.create({ ...options, messages: ask() })) {
    same("choices", piece.choices.length, 1);
    holds("no usage", !piece.usage);
  }
  let last;
  for await (const piece of await client.chat.completions.create({ ...options, messages: ask(), stream_options: { include_usage: true } })) last = piece;
  holds("usage at its end", last.usage.completion_tokens > 0 && last.choices.length === 0);
});

check("the stream helper puts words and calls together", async () => {
  const words = await client.chat.completions.stream({ model: "real/tiny", messages: ask() }).finalChatCompletion();
  holds("words", words.choices[0].message.content);
  const called = await client.chat.completions.stream({ model: "real/tiny", messages: ask(), tools }).finalChatCompletion();
  const call = called.choices[0].message.tool_calls[0].function;
  same("the tool", call.name, "get_invoice");
  holds("its arguments", Number.isInteger(JSON.parse(call.arguments).number));
});

check("the tool runner calls a function of its own and gets an answer", async () => {
  let called = 0;
  const run = { type: "function", function: { ...tools[0].function, parse: JSON.parse, function: () => `paid ${++called}` } };
  const runner = client.chat.completions.runTools({ model: "real/tiny", messages: ask(), tools: [run] });
  holds("words", await runner.finalContent());
  same("how often", called, 1);
});

check("a structured answer fits its schema", async () => {
  const schema = { type: "object", additionalProperties: false, required: ["urgent"], properties: { urgent: { type: "boolean" } } };
  const response_format = { type: "json_schema", json_schema: { name: "ticket", strict: true, schema } };
  const answer = await client.chat.completions.parse({ model: "real/tiny", messages: ask(), response_format });
  same("its type", typeof JSON.parse(answer.choices[0].message.content).urgent, "boolean");
});

check("embeddings are unpacked into numbers", async () => {
  const found = await client.embeddings.create({ model: "text-embedding-3-small", input: ["a team", "a worker"] });
  same("how many", found.data.map((it) => it.embedding.length), [64, 64]);
  same("numbers", typeof found.data[0].embedding[0], "number");
});

check("models are listed and found", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  holds(`an alias in ${names}`, names.includes("gpt-4o") && names.includes("real/tiny"));
  same("one", (await client.models.retrieve("real/tiny")).owned_by, "real");
});

check("refusals have their classes", async () => {
  const chat = (options, of = client) => () => of.chat.completions.create(options);
  await rejects(OpenAI.AuthenticationError, chat({ model: "real/tiny", messages: says("say") }, new OpenAI({ apiKey: "sk-nobody" })));
  await rejects(OpenAI.NotFoundError, () => client.models.retrieve("nobody"));
  await rejects(OpenAI.BadRequestError, chat({ model: "double-anthropic/m", messages: "Hello" }));
  const limited = await rejects(OpenAI.RateLimitError, chat({ model: "double/m", messages: says("status 429 21") }));
  same("the wait", limited.headers.get("retry-after"), "21");
  await rejects(OpenAI.InternalServerError, chat({ model: "double-groq/m", messages: says("status 500") }));
});

check("a stream that breaks is an error", async () => {
  for (const fault of ["cut 3", "end 3", "break 3", "fail 3"]) {
    let error;
    try {
      for await (const piece of await client.chat.completions.create({ model: "double/m", messages: says(fault), stream: true })) holds("a piece", piece);
    } catch (it) {
      error = it;
    }
    holds(`${fault}: an error`, error instanceof OpenAI.APIError);
  }
});

check("a response comes whole and in a stream", async () => {
  const whole = await client.responses.create({ model: "real/tiny", input: "Where is the team?", max_output_tokens: 30 });
  holds("words", whole.output_text);
  const final = await client.responses.stream({ model: "double-gemini/m", input: "script: say Good night to all" }).finalResponse();
  same("the words of a stream", final.output_text, "Good night to all");
});

await run();

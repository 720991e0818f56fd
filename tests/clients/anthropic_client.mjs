// Anthropic's own client for Node.
import Anthropic from "@anthropic-ai/sdk";
import { check, holds, rejects, run, same } from "./check.mjs";

const client = new Anthropic();
const models = ["claude-haiku-4-5", "real/tiny"];
let number = 0;
const ask = (model) => ({
  model,
  max_tokens: 200,
  messages: [{ role: "user", content: `Where is worker ${++number}?` }],
});
const says = (text, model = "double-anthropic/m") => ({ model, max_tokens: 100, messages: [{ role: "user", content: `script: ${text}` }] });
const tools = [{ name: "get_invoice", description: "Finds an invoice.", input_schema: { type: "object", required: ["number"], properties: { number: { type: "integer" } } } }];

check("a message comes whole, with its headers", async () => {
  for (const model of models) {
    const { data, response } = await client.messages.create(ask(model)).withResponse();
    holds(`${model}: words`, data.content[0].text);
    holds(`${model}: tokens`, data.usage.output_tokens > 0);
    holds(`${model}: an id`, response.headers.get("x-request-id"));
  }
});

check("a stream is put together into the final message", async () => {
  for (const model of models) {
    const stream = client.messages.stream(ask(model));
    let text = "";
    stream.on("text", (it) => (text += it));
    const final = await stream.finalMessage();
    same(`${model}: the words`, final.content[0].text, text);
    holds(`${model}: tokens`, final.usage.output_tokens > 0);
  }
});

check("a tool is called in a stream, its arguments in pieces", async () => {
  for (const model of models) {
    const final = await client.messages.stream({ ...ask(model), tools }).finalMessage();
    same(`${model}: why it ended`, final.stop_reason, "tool_use");
    const call = final.content.find((it) => it.type === "tool_use");
    holds(`${model}: arguments`, Number.isInteger(call.input.number));
  }
});

check("tokens are counted", async () => {
  const { max_tokens, ...question } = ask(models[0]);
  holds("a count", (await client.messages.countTokens(question)).input_tokens > 3);
});

check("refusals have their classes", async () => {
  const create = (options, of = client) => () => of.messages.create(options);
  await rejects(Anthropic.AuthenticationError, create(says("say"), new Anthropic({ apiKey: "sk-ant-nobody" })));
  await rejects(Anthropic.BadRequestError, create(says("status 400")));
  const limited = await rejects(Anthropic.RateLimitError, create(says("status 429 13")));
  same("the wait", limited.headers.get("retry-after"), "13");
  const error = await rejects(Anthropic.InternalServerError, create(says("status 500")));
  same("not again", error.headers.get("x-should-retry"), "false");
});

check("a stream that breaks is an error, never a final message", async () => {
  for (const fault of ["cut 5", "end 5", "break 5", "fail 5"]) {
    let error;
    try {
      await client.messages.stream(says(fault)).finalMessage();
    } catch (it) {
      error = it;
    }
    holds(`${fault}: an error`, error instanceof Anthropic.AnthropicError);
  }
});

await run();

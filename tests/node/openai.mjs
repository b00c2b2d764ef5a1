// The official `openai` package for Node against a running host. Run by tests/python/test_node_sdk.py, which reads the
// one line of JSON that this prints; it only reports, what is right is decided there.
//
// Environment: WHARF_URL, and WHARF_MODELS with the models to ask, as JSON.

import OpenAI from "openai";

const client = new OpenAI({ apiKey: "sk-client-only", baseURL: `${process.env.WHARF_URL}/v1`, maxRetries: 0 });

const parameters = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city", "days"],
  additionalProperties: false,
};
const weather = { name: "get_weather", description: "The weather in a city", parameters };
const hello = [{ role: "user", content: "hello there" }];

async function chat(model) {
  const whole = await client.chat.completions.create({ model, messages: hello });
  const stream = await client.chat.completions.create({ model, messages: hello, stream: true });
  const pieces = [];
  const reasons = [];
  for await (const chunk of stream) {
    for (const choice of chunk.choices) {
      if (choice.delta.content) pieces.push(choice.delta.content);
      if (choice.finish_reason) reasons.push(choice.finish_reason);
    }
  }
  const helper = client.chat.completions.stream({ model, messages: hello });
  return {
    whole: whole.choices[0].message.content,
    pieces,
    reasons,
    helper: await helper.finalContent(),
  };
}

async function chatWithTools(model) {
  const tools = [{ type: "function", function: weather }];
  const messages = [{ role: "user", content: "what now?" }];
  const runner = client.chat.completions.stream({ model, messages, tools });
  const asked = (await runner.finalChatCompletion()).choices[0].message;
  const [call] = asked.tool_calls;
  const result = { role: "tool", tool_call_id: call.id, content: "sunny" };
  const answered = await client.chat.completions.create({ model, messages: [...messages, asked, result], tools });
  return {
    name: call.function.name,
    arguments: JSON.parse(call.function.arguments),
    answered: answered.choices[0].message.content,
  };
}

async function responses(model) {
  const whole = await client.responses.create({ model, input: "hello there" });
  const pieces = [];
  const helper = client.responses.stream({ model, input: "hello there" });
  helper.on("response.output_text.delta", (event) => pieces.push(event.delta));
  const final = await helper.finalResponse();
  const tools = [{ type: "function", strict: false, ...weather }];
  const input = [{ role: "user", content: "what now?" }];
  const asked = await client.responses.create({ model, input, tools });
  const [call] = asked.output;
  const output = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
  const answered = await client.responses.create({ model, input: [...input, ...asked.output, output], tools });
  return {
    whole: whole.output_text,
    pieces,
    final: final.output_text,
    status: final.status,
    name: call.name,
    arguments: JSON.parse(call.arguments),
    answered: answered.output_text,
  };
}

async function failure(model) {
  try {
    await client.chat.completions.create({ model, messages: hello });
    return null;
  } catch (error) {
    return { type: error.constructor.name, status: error.status, code: error.code };
  }
}

const report = { failure: await failure("no-such-model") };
for (const model of JSON.parse(process.env.WHARF_MODELS)) {
  report[model] = {
    chat: await chat(model),
    tools: await chatWithTools(model),
    responses: await responses(model),
  };
}
console.log(JSON.stringify(report));

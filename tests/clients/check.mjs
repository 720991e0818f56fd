// Checks as sentences, as check.py has them: `check("a sentence", async () => {…})`, then `await run()`.
import { inspect, isDeepStrictEqual } from "node:util";

const checks = [];

export function check(sentence, prove) {
  checks.push([sentence, prove]);
}

export function same(what, got, wanted) {
  if (!isDeepStrictEqual(got, wanted)) {
    throw new Error(`${what}\n    expected  ${inspect(wanted)}\n    got       ${inspect(got)}`);
  }
}

export function holds(what, got) {
  if (!got) throw new Error(`${what}\n    got       ${inspect(got)}`);
}

/** `act` rejects with this very class; gives the error. */
export async function rejects(kind, act) {
  let answer;
  try {
    answer = await act();
  } catch (error) {
    same(`the class of the error (${error})`, error.constructor.name, kind.name);
    return error;
  }
  throw new Error(`no error\n    expected  ${kind.name}\n    got       ${inspect(answer)}`);
}

export async function run() {
  for (const [sentence, prove] of checks) {
    const began = performance.now();
    try {
      await prove();
    } catch (error) {
      console.log(`  NOT TRUE  ${sentence}\n    ${error.message}\n${error.stack}`);
      process.exitCode = 1;
      return;
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(2).padStart(5);
    console.log(`  ${seconds} s  ${sentence}`);
  }
}

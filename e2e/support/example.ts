// The examples of proxies that the documentation has, made to fit this machine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "./env.ts";

/** An example of deploy/proxies in which each of these, which it has to say, is replaced by what holds here. */
export async function example(file: string, changes: [from: string, to: string][]): Promise<string> {
  const text = await readFile(join(repository, "deploy/proxies", file), "utf8");
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${file} no longer says ${from}`);
    return text.replaceAll(from, to);
  }, text);
}

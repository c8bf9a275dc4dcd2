// `./dev edge`: the Worker on this machine, its database in a folder.

import { parseArgs } from "node:util";
import { grant, migrate, startWorker } from "./miniflare.mjs";
import { projectPath } from "./project.mjs";

const usage = "usage: ./dev edge [--port 8787] [--site NAME --token SECRET] [--state DIR]";
const cronIntervalMs = 5 * 60_000; // as wrangler.toml says; Miniflare has no clock for it

function readArguments() {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8787" },
      site: { type: "string" },
      token: { type: "string" },
      state: { type: "string", default: projectPath("data/edge") },
    },
  });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error("--port is 0 … 65535");
  if ((values.site === undefined) !== (values.token === undefined)) {
    throw new Error("--site and --token belong together");
  }
  return { ...values, port };
}

async function main() {
  let options;
  try {
    options = readArguments();
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
  const { port, site, token, state } = options;
  const { miniflare, url, database } = await startWorker({ port, state });
  await migrate(database);
  if (site) await grant(database, { token, name: site, scopes: `ingest:${site} read:${site}` });

  const cron = setInterval(async () => {
    const worker = await miniflare.getWorker();
    const { outcome } = await worker.scheduled({ cron: "*/5 * * * *" });
    if (outcome !== "ok") console.error(`weir edge: the cron run ended with "${outcome}"`);
  }, cronIntervalMs);
  const stop = async () => {
    clearInterval(cron);
    await miniflare.dispose();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  console.log(`weir edge: ${url.origin}`);
}

await main();

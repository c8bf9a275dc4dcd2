// Cron: every five minutes, rollups first, so that retention never removes what is not rolled up.
//
// Both stop at a budget of statements and go on at the next run. What they did is one log line.

import { settings, type Env } from "./env.js";
import { Host } from "./host.js";
import { Code } from "./message.js";
import { advanceRollups, retain } from "./operations.js";

// Together 40 of D1's 50 statements per invocation. Without any work to do, a run takes a few.
const rollupStatements = 25;
const rollupEvents = 500_000;
const retainStatements = 15;
const retainSegmentsMax = 64;

export async function runCron(env: Env, nowMs: number): Promise<void> {
  const { retentionDays, rollupDays } = settings(env);
  const host = new Host(env);
  const rollups = await host.run(advanceRollups(nowMs, rollupEvents, rollupStatements));
  const policy = {
    nowMs,
    eventsDays: retentionDays,
    rollupDays,
    segmentsMax: retainSegmentsMax,
    statements: retainStatements,
  };
  const retention = await host.run(retain(policy));
  console.log(JSON.stringify({ rollups: rollups.counters, retention: retention.counters }));
  for (const { code, message } of [rollups, retention]) {
    if (code !== Code.ok) throw new Error(message); // Cloudflare shows a failed run
  }
}

// The Worker: routes requests to their handlers. The only place where the parts are wired.

import { handleApi } from "./api.js";
import { runCron } from "./cron.js";
import type { Env } from "./env.js";
import { healthz, readyz } from "./health.js";
import { handleIngest } from "./ingest.js";
import { problem } from "./problem.js";
import { handleTokens, isTokensPath } from "./tokens.js";

async function route(request: Request, env: Env): Promise<Response> {
  const url = new URL(request.url);
  const path = url.pathname;
  if (path === "/healthz") return healthz();
  if (path === "/readyz") return readyz(env);
  if (path.startsWith("/v1/")) return handleIngest(request, path, env);
  if (isTokensPath(path)) return handleTokens(request, path, env);
  if (path.startsWith("/api/v1/")) return handleApi(request, url, env);
  return problem(404, "not_found", "there is nothing here");
}

export default {
  async fetch(request, env): Promise<Response> {
    try {
      return await route(request, env);
    } catch (error) {
      // A trap of the module, or a bug of ours: the caller may try again, we can see it in the log.
      console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return problem(500, "internal", "the Worker failed; its log says why");
    }
  },

  async scheduled(controller, env): Promise<void> {
    await runCron(env, controller.scheduledTime);
  },
} satisfies ExportedHandler<Env>;

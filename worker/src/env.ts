// The bindings and variables of wrangler.toml, checked once per request.

export interface Env {
  DB: D1Database;
  WEIR_ADMIN_TOKEN?: string;
  WEIR_INTERVAL_S?: string;
  WEIR_RETENTION_DAYS?: string;
  WEIR_ROLLUP_DAYS?: string;
}

export interface Settings {
  intervalS: number;
  retentionDays: number;
  rollupDays: number;
}

/** A variable as an integer within its bounds. Throws for anything else: nothing runs half. */
function integer(name: string, text: string | undefined, fallback: number, max: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) {
    throw new Error(`${name} must be an integer from 1 to ${max}, not "${text}"`);
  }
  return value;
}

export function settings(env: Env): Settings {
  return {
    intervalS: integer("WEIR_INTERVAL_S", env.WEIR_INTERVAL_S, 60, 3600),
    retentionDays: integer("WEIR_RETENTION_DAYS", env.WEIR_RETENTION_DAYS, 30, 36_500),
    rollupDays: integer("WEIR_ROLLUP_DAYS", env.WEIR_ROLLUP_DAYS, 1825, 36_500),
  };
}

// Problem documents (RFC 9457) for the answers that the Worker gives itself. The core makes its
// own, in the same form; these must work even when the core does not.

export function problem(
  status: number,
  code: string,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  const body = { type: `/problems/${code}`, status, code, detail };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

/** How the reads of a service are, as it tells in /health/ready. */
export const readsOf = async ({ url }: { url: string }): Promise<{ ready: boolean; catchUp: string; cause?: string; postgres: string }> =>
  ((await (await fetch(`${url}/health/ready`)).json()) as { reads: Awaited<ReturnType<typeof readsOf>> }).reads;

/** Does something again and again, `everyMs` after it was done or has failed, until it is told to end. */
export function repeat(everyMs: number, { work, failed }: { work: () => Promise<void>; failed: (error: unknown) => void }): { end(): void } {
  let ended = false;
  let timer = setTimeout(once, everyMs);
  function once(): void {
    work().catch((error: unknown) => { if (!ended) failed(error); }).finally(() => { if (!ended) timer = setTimeout(once, everyMs); });
  }
  return {
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}

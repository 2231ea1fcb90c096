/**
 * Repeats `work`, `everyMs` after each end or failure, until `end` is called, which resolves when the work has stopped.
 */
export function repeat(
  everyMs: number,
  { work, failed }: { work: () => Promise<void>; failed: (error: unknown) => void },
): { readonly end: () => Promise<void> } {
  let ended = false;
  let timer = setTimeout(once, everyMs);
  let doing: Promise<void> = Promise.resolve();
  function once(): void {
    doing = work()
      .catch((error: unknown) => {
        if (!ended) failed(error);
      })
      .finally(() => {
        if (!ended) timer = setTimeout(once, everyMs);
      });
  }
  return {
    end: () => {
      ended = true;
      clearTimeout(timer);
      return doing;
    },
  };
}

/** Does something again and again, `everyMs` after it was done, until it fails or is told to end. */
export function repeat(everyMs: number, { work, failed }: { work: () => Promise<void>; failed: (error: unknown) => void }): { end(): void } {
  let ended = false;
  let timer = setTimeout(once, everyMs);
  function once(): void {
    work().then(() => { if (!ended) timer = setTimeout(once, everyMs); }, (error: unknown) => { if (!ended) failed(error); });
  }
  return {
    end: () => {
      ended = true;
      clearTimeout(timer);
    },
  };
}

import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/** With more cores than this, V8's helper threads have cores to spare. */
const FEW_CORES = 4;

/**
 * Limits the growth of this process's heaps to twice the live size; V8 allows the main thread four times on a machine
 * with much memory. With few cores, each heap is scavenged only by its own thread: V8's four helpers would wait for a
 * core while the thread waits for them.
 */
export function boundHeaps(): void {
  setFlagsFromString('--heap-growing-percent=100');
  if (availableParallelism() <= FEW_CORES) setFlagsFromString('--no-parallel-scavenge');
}

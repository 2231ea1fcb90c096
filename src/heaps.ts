import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/** Where there are more cores than these, V8 has some to spare. */
const FEW_CORES = 4;

/**
 * Lets the heaps of this process grow to twice what is in use, where V8 would let that of the main thread grow to four times on a machine
 * with much memory. And where cores are few, each is scavenged by its own thread alone: the four threads that V8 lets help wait for a core
 * then, while all wait for them.
 */
export function boundHeaps(): void {
  setFlagsFromString('--heap-growing-percent=100');
  if (availableParallelism() <= FEW_CORES) setFlagsFromString('--no-parallel-scavenge');
}

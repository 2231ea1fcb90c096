import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/** Where there are more cores than these, V8 has some to spare. */
const FEW_CORES = 4;

/**
 * Lets each heap of this process be scavenged by its own thread alone where cores are few. V8 lets four more threads help, which then
 * wait for a core while all wait for them: in a storm on two cores a fifth of the processor time.
 */
export function scavengeAlone(): void {
  if (availableParallelism() <= FEW_CORES) setFlagsFromString('--no-parallel-scavenge');
}
